import Synchronization

/// Memory budget for the texts of all unfinished replies. Each client has one.
///
/// A reply that gets no more room drops its text: it has already been delivered piece by piece, and the recorded pieces
/// can be joined again.
final class ReplyTextBudget: Sendable {
    /// Bytes of UTF-8: as much as the engine keeps of the same texts.
    static let standardLimit = 64 << 20

    private let limit: Int
    private let used = Mutex(0)

    init(limit: Int = ReplyTextBudget.standardLimit) {
        self.limit = limit
    }

    var usedBytes: Int { used.withLock { $0 } }

    fileprivate func take(_ bytes: Int) -> Bool {
        used.withLock { used in
            guard used + bytes <= limit else { return false }
            used += bytes
            return true
        }
    }

    fileprivate func giveBack(_ bytes: Int) { used.withLock { $0 -= bytes } }

    /// One reply's share, returned when the reply is released.
    final class Share: Sendable {
        private let budget: ReplyTextBudget
        private let bytes = Mutex(0)

        init(of budget: ReplyTextBudget) {
            self.budget = budget
        }

        deinit { giveBack() }

        /// Whether there is room for this many more bytes.
        func grow(by more: Int) -> Bool {
            guard budget.take(more) else { return false }
            bytes.withLock { $0 += more }
            return true
        }

        func giveBack() {
            budget.giveBack(
                bytes.withLock { bytes in
                    defer { bytes = 0 }
                    return bytes
                })
        }
    }
}
