import Synchronization

/// Replies for the thread that publishes them. Best effort: beyond a limit the oldest are dropped, and clients retry if
/// they get no reply.
final class ReplyQueue: Sendable {
    static let countLimit = 10_000
    /// A few large answers, or all receipts that may wait.
    static let byteLimit = 32 << 20

    private struct State {
        /// nil after a reply was taken, so that its bytes are freed at once.
        var replies: [Reply?] = []
        var head = 0
        var bytes = 0

        var count: Int { replies.count - head }

        mutating func popFirst() -> Reply? {
            guard head < replies.count, let reply = replies[head] else { return nil }
            replies[head] = nil
            head += 1
            bytes -= reply.bytes
            if head == replies.count || head >= 1_024 {
                replies.removeFirst(head)
                head = 0
            }
            return reply
        }
    }

    private let state = Mutex(State())

    var isEmpty: Bool { state.withLock { $0.count == 0 } }

    /// - Returns: the number of replies dropped to make room.
    func append(_ replies: [Reply]) -> Int {
        state.withLock { state in
            state.replies += replies.map { $0 }
            state.bytes += replies.reduce(0) { $0 + $1.bytes }
            var dropped = 0
            while state.count > Self.countLimit || (state.bytes > Self.byteLimit && state.count > 1) {
                _ = state.popFirst()
                dropped += 1
            }
            return dropped
        }
    }

    /// The oldest replies.
    func take(_ limit: Int) -> [Reply] {
        state.withLock { state in
            var taken: [Reply] = []
            while taken.count < limit, let reply = state.popFirst() { taken.append(reply) }
            return taken
        }
    }
}
