/// The age of a thread's last beat, and the limit for it.
public struct ThreadAge: Sendable, Equatable {
    public var name: String
    public var seconds: Double
    /// In seconds.
    public var limit: Double

    public init(name: String, seconds: Double, limit: Double) {
        self.name = name
        self.seconds = seconds
        self.limit = limit
    }

    /// Whether the thread hangs, as far as its beats show.
    public var isOverdue: Bool { seconds > limit }

    /// `has not responded for 41 s; the limit is 30 s`
    public var words: String { "has not responded for \(Int(seconds)) s; the limit is \(Int(limit)) s" }
}
