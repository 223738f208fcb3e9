/// The time of a transaction, given from outside so that tests can choose it.
public struct EngineTime: Sendable {
    /// Microseconds since 1970: what is recorded.
    public var wall: Int64
    /// Milliseconds of a clock that does not run backwards: what time-outs are measured with.
    public var monotonic: Int64

    public init(wall: Int64, monotonic: Int64) {
        self.wall = wall
        self.monotonic = monotonic
    }
}
