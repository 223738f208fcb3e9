/// Joins pieces of a reply until they are due: the first at once, then at most one per `delay`, or earlier if `bytes`
/// have accumulated or the kind changes. Pieces are never cut or reordered, and those of different kinds are not
/// joined.
///
/// Each delivered piece is recorded and published, and a model produces 50 per second.
public struct DeltaCoalescer: Sendable {
    private struct Piece {
        var isThinking: Bool
        var text: String

        var delta: ChatDelta { isThinking ? .thinking(text) : .content(text) }
    }

    private let delay: Duration
    private let bytes: Int
    /// Kinds alternate. Those before `head` have been delivered.
    private var pieces: [Piece] = []
    private var head = 0
    private var lastTaken: ContinuousClock.Instant?
    private var isFinished = false
    /// Bytes of waiting text.
    public private(set) var pendingBytes = 0

    /// - Parameters:
    ///   - delay: minimum time between two delivered pieces; zero delivers each at once.
    ///   - bytes: size at which a piece is delivered early.
    public init(delay: Duration, bytes: Int) {
        self.delay = delay
        self.bytes = bytes
    }

    public mutating func add(_ delta: ChatDelta) {
        let piece =
            switch delta {
            case .content(let text): Piece(isThinking: false, text: text)
            case .thinking(let text): Piece(isThinking: true, text: text)
            }
        guard !piece.text.isEmpty else { return }
        pendingBytes += piece.text.utf8.count
        if head < pieces.count, pieces[pieces.count - 1].isThinking == piece.isThinking {
            pieces[pieces.count - 1].text += piece.text
        } else {
            pieces.append(piece)
        }
    }

    /// Nothing more will arrive: waiting pieces are due.
    public mutating func finish() { isFinished = true }

    /// The time until a piece is due: zero if one is, nil if none waits.
    public func wait(at now: ContinuousClock.Instant) -> Duration? {
        guard head < pieces.count else { return nil }
        guard !isFinished, pieces.count - head == 1, pieces[head].text.utf8.count < bytes, let lastTaken else {
            return .zero
        }
        return max(.zero, lastTaken + delay - now)
    }

    /// The next piece, if it is due.
    public mutating func take(at now: ContinuousClock.Instant) -> ChatDelta? {
        guard wait(at: now) == .zero else { return nil }
        let piece = pieces[head]
        head += 1
        if head == pieces.count {
            pieces.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 64, head > pieces.count / 2 {
            pieces.removeFirst(head)
            head = 0
        }
        pendingBytes -= piece.text.utf8.count
        lastTaken = now
        return piece.delta
    }
}
