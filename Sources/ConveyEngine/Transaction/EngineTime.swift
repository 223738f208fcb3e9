/// The time of a transaction, passed in so that tests can choose it.
public struct EngineTime: Sendable {
    /// Microseconds since 1970: the recorded time.
    public var wall: Int64
    /// Milliseconds of a clock that does not run backwards: the basis of time-outs.
    public var monotonic: Int64

    public init(wall: Int64, monotonic: Int64) {
        self.wall = wall
        self.monotonic = monotonic
    }
}
