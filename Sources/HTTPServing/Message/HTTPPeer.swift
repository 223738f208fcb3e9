/// The sender of a request.
package struct HTTPPeer: Sendable, Equatable {
    /// Its address, as `ClientAddress` groups clients.
    package let address: String
    /// Whether it uses a reserved connection, on which only probes are answered.
    package let isOnReservedPlace: Bool

    package init(address: String = "unknown", isOnReservedPlace: Bool = false) {
        self.address = address
        self.isOnReservedPlace = isOnReservedPlace
    }
}
