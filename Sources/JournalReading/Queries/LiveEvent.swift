/// A recorded event with its place, which is what a reader goes on from.
public struct LiveEvent: Sendable, Equatable {
    public let offset: Int64
    /// The envelope as it is published, JSON.
    public let envelope: [UInt8]
}
