/// The bodies of other requests use all memory for bodies.
struct HTTPBodyHasNoRoom: Error {}
