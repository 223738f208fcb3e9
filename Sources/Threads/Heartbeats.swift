import Synchronization

/// The beats of all long-lived threads of the process.
public final class Heartbeats: Sendable {
    private let beats = Mutex<[ThreadBeat]>([])

    public init() {}

    /// A beat for a thread that is about to start.
    /// - Parameters:
    ///   - name: unique among running threads; short, for a label.
    ///   - limit: maximum age of a beat.
    public func beat(_ name: String, limit: Duration) -> ThreadBeat {
        let beat = ThreadBeat(name, limit: limit)
        beats.withLock { beats in
            // Threads that are started repeatedly, such as one per connection, must not accumulate.
            beats.removeAll { $0.age(now: 0) == nil }
            beats.append(beat)
        }
        return beat
    }

    /// The running threads, in the order in which they were started.
    public var ages: [ThreadAge] {
        let now = Clocks.monotonicMicroseconds()
        return beats.withLock { $0.compactMap { $0.age(now: now) } }
    }
}
