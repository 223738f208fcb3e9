import Synchronization

/// The beats of all long-lived threads of the process.
public final class Heartbeats: Sendable {
    private let beats = Mutex<[ThreadBeat]>([])

    public init() {}

    /// A beat for a thread that is about to start.
    /// - Parameters:
    ///   - name: unique among the threads that run; short, for a label.
    ///   - limit: how old a beat may be.
    public func beat(_ name: String, limit: Duration) -> ThreadBeat {
        let beat = ThreadBeat(name, limit: limit)
        beats.withLock { beats in
            // Threads that begin again and again, as with each new connection, do not pile up.
            beats.removeAll { $0.age(now: 0) == nil }
            beats.append(beat)
        }
        return beat
    }

    /// The threads that run, in the order in which they were started.
    public var ages: [ThreadAge] {
        let now = Clocks.monotonicMicroseconds()
        return beats.withLock { $0.compactMap { $0.age(now: now) } }
    }
}
