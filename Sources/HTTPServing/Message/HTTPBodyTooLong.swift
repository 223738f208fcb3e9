/// A body is longer than its route accepts.
struct HTTPBodyTooLong: Error {}
