/// Size limits of incoming messages.
public struct EnvelopeLimits: Sendable {
    /// Maximum bytes of one payload.
    public var maximumBytes: Int

    public init(maximumBytes: Int = 256 * 1_024) { self.maximumBytes = maximumBytes }
}
