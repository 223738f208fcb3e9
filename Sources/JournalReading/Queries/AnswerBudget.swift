import Synchronization
import Threads

/// The memory that all answers on their way have together, in bytes: made, and not yet taken by who asked.
///
/// However many clients ask and do not read, the service keeps no more than this for them. What does not fit is not kept: it
/// waits, or is refused as `busy`. HTTP and MQTT share one budget.
public final class AnswerBudget: Sendable {
    /// Sixteen of the largest answers.
    public static let standardBytes = 64 << 20
    /// An answer of this size or less may use the last part of the budget, so that many large answers that nobody reads do
    /// not keep the small ones out.
    public static let smallBytes = 64 << 10
    /// Of the budget, what is left to small answers: an eighth.
    private static let smallShare = 8
    /// The budget counts as short for this long after something did not fit.
    private static let shortageMicroseconds: Int64 = 1_000_000
    /// Between two looks of who waits for room.
    private static let pace = Duration.milliseconds(50)

    private struct State {
        var used = 0
        /// Monotonic, microseconds.
        var lastRefusal: Int64?
    }

    public let limit: Int
    private let state = Mutex(State())

    /// - Parameter bytes: what all answers may hold together.
    public init(bytes: Int = AnswerBudget.standardBytes) {
        limit = bytes
    }

    /// What is held right now, in bytes.
    public var used: Int { state.withLock { $0.used } }

    /// Whether something did not fit within the last second: then clients who do not read lose their connections sooner.
    public var isShort: Bool {
        guard let refusal = state.withLock(\.lastRefusal) else { return false }
        return Clocks.monotonicMicroseconds() - refusal < Self.shortageMicroseconds
    }

    /// Takes room for an answer, or nil where there is none. An answer that is larger than the whole budget gets its room when
    /// it is the only one.
    public func take(_ bytes: Int) -> AnswerRoom? {
        grant(bytes) ? AnswerRoom(bytes: bytes, of: self) : nil
    }

    /// Takes room and waits for it, if need be.
    /// - Parameter limit: how long; to within 50 ms.
    /// - Returns: nil when there was none in time, or the task was cancelled.
    public func take(_ bytes: Int, within limit: Duration) async -> AnswerRoom? {
        let room = AnswerRoom(bytes: 0, of: self)
        return await room.grow(to: bytes, within: limit) ? room : nil
    }

    /// Whether an answer of this size would fit now.
    package func hasRoom(_ bytes: Int) -> Bool {
        state.withLock { state in
            if fits(bytes, state) { return true }
            state.lastRefusal = Clocks.monotonicMicroseconds()
            return false
        }
    }

    fileprivate func grant(_ bytes: Int) -> Bool {
        state.withLock { state in
            guard fits(bytes, state) else {
                state.lastRefusal = Clocks.monotonicMicroseconds()
                return false
            }
            state.used += bytes
            return true
        }
    }

    /// Counts what is there already, whether it fits or not.
    fileprivate func add(_ bytes: Int) {
        state.withLock { $0.used += bytes }
    }

    fileprivate func wait(for bytes: Int, within limit: Duration) async -> Bool {
        let end = ContinuousClock.now + limit
        while !grant(bytes) {
            // Cancelled together with the request.
            guard ContinuousClock.now < end, (try? await Task.sleep(for: Self.pace)) != nil else { return false }
        }
        return true
    }

    private func fits(_ bytes: Int, _ state: State) -> Bool {
        let reserve = bytes > Self.smallBytes ? limit / Self.smallShare : 0
        return bytes == 0 || state.used == 0 || state.used + bytes <= limit - reserve
    }
}

/// A part of the budget. Given back when nobody holds it any more, so whoever keeps the bytes of an answer keeps this with
/// them.
public final class AnswerRoom: Sendable {
    private let budget: AnswerBudget
    private let held: Mutex<Int>

    fileprivate init(bytes: Int, of budget: AnswerBudget) {
        self.budget = budget
        held = Mutex(bytes)
    }

    deinit { budget.add(-held.withLock { $0 }) }

    /// In bytes.
    public var bytes: Int { held.withLock { $0 } }

    /// Counts what is there, more or less than before, without asking whether it fits: for what cannot be refused any more.
    public func resize(to bytes: Int) {
        budget.add(exchange(bytes))
    }

    /// Makes it larger, and waits for the room if need be. Belongs to one task meanwhile.
    public func grow(to bytes: Int, within limit: Duration) async -> Bool {
        let more = bytes - self.bytes
        if more > 0 {
            guard await budget.wait(for: more, within: limit) else { return false }
        }
        settle(more, bytes)
        return true
    }

    /// The size after a grant; what has become smaller is given back.
    private func settle(_ more: Int, _ bytes: Int) {
        let change = exchange(bytes)
        if more <= 0 { budget.add(change) }
    }

    /// - Returns: by how much it has grown.
    private func exchange(_ bytes: Int) -> Int {
        held.withLock { held in
            defer { held = bytes }
            return bytes - held
        }
    }
}
