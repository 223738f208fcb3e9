import Synchronization

/// A part of the budget. Releasing it returns it to the budget, so it must be kept together with the bytes of its
/// answer.
public final class AnswerRoom: Sendable {
    private let budget: AnswerBudget
    private let held: Mutex<Int>

    init(bytes: Int, of budget: AnswerBudget) {
        self.budget = budget
        held = Mutex(bytes)
    }

    deinit { budget.add(-held.withLock { $0 }) }

    /// Its size in bytes.
    public var bytes: Int { held.withLock { $0 } }

    /// Sets the size without checking whether it fits: for memory that can no longer be refused.
    public func resize(to bytes: Int) {
        budget.add(exchange(bytes))
    }

    /// Enlarges it, and waits for room if necessary. Only one task may use it meanwhile.
    /// - Returns: false if there was no room in time; the size is then unchanged.
    public func grow(to bytes: Int, within limit: Duration) async -> Bool {
        let more = bytes - self.bytes
        if more > 0 {
            guard await budget.wait(for: more, within: limit) else { return false }
        }
        settle(more, bytes)
        return true
    }

    /// Sets the size after a grant; returns what is no longer used.
    private func settle(_ more: Int, _ bytes: Int) {
        let change = exchange(bytes)
        if more <= 0 { budget.add(change) }
    }

    /// - Returns: by how many bytes it has grown.
    private func exchange(_ bytes: Int) -> Int {
        held.withLock { held in
            defer { held = bytes }
            return bytes - held
        }
    }
}
