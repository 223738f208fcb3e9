import Synchronization

/// The memory that all unsent answers may hold together, in bytes.
///
/// However many clients ask without reading, the service holds no more than this for them. An answer that does not fit waits for
/// room or is refused as `busy`. HTTP and MQTT share one budget (ADR 33).
public final class AnswerBudget: Sendable {
    /// Sixteen of the largest answers.
    public static let standardBytes = 64 << 20
    /// Answers up to this size may use the last part of the budget, so that many large unread answers do not block
    /// small ones.
    public static let smallBytes = 64 << 10
    /// The part of the budget that is reserved for small answers: an eighth.
    private static let smallShare = 8
    /// How long the budget counts as short after a refusal.
    private static let shortageTime = Duration.seconds(1)
    /// Interval at which a waiting request retries.
    private static let pace = Duration.milliseconds(50)

    private struct State {
        var used = 0
        var lastRefusal: ContinuousClock.Instant?
    }

    public let limit: Int
    private let state = Mutex(State())

    /// - Parameter bytes: the limit for all answers together.
    public init(bytes: Int = AnswerBudget.standardBytes) {
        limit = bytes
    }

    /// The bytes currently held.
    public var used: Int { state.withLock { $0.used } }

    /// Whether an answer did not fit within the last second. While it is true, clients that do not read lose their connections
    /// sooner.
    public var isShort: Bool {
        guard let refusal = state.withLock(\.lastRefusal) else { return false }
        return ContinuousClock.now - refusal < Self.shortageTime
    }

    /// Takes room for an answer; nil if there is none. An answer larger than the whole budget gets room when it is the only one.
    public func take(_ bytes: Int) -> AnswerRoom? {
        grant(bytes) ? AnswerRoom(bytes: bytes, of: self) : nil
    }

    /// Takes room, and waits for it if necessary.
    /// - Parameter limit: how long to wait; accurate to 50 ms.
    /// - Returns: nil if there was no room in time or the task was cancelled.
    public func take(_ bytes: Int, within limit: Duration) async -> AnswerRoom? {
        let room = AnswerRoom(bytes: 0, of: self)
        return await room.grow(to: bytes, within: limit) ? room : nil
    }

    /// Whether an answer of this size would fit now.
    public func hasRoom(_ bytes: Int) -> Bool {
        state.withLock { state in
            if fits(bytes, state) { return true }
            state.lastRefusal = .now
            return false
        }
    }

    func grant(_ bytes: Int) -> Bool {
        state.withLock { state in
            guard fits(bytes, state) else {
                state.lastRefusal = .now
                return false
            }
            state.used += bytes
            return true
        }
    }

    /// Counts memory that is already in use, whether it fits or not.
    func add(_ bytes: Int) {
        state.withLock { $0.used += bytes }
    }

    func wait(for bytes: Int, within limit: Duration) async -> Bool {
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
