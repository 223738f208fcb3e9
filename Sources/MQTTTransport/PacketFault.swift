/// Why bytes from a broker are not passed to libmosquitto.
struct PacketFault: Error, Equatable {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}
