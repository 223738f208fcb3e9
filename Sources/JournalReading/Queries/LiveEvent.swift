/// A recorded event with its offset, from which a reader continues.
public struct LiveEvent: Sendable, Equatable {
    public let offset: Int64
    /// The published envelope, JSON.
    public let envelope: [UInt8]
}
