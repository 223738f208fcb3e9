import JournalPort
import Signals

/// Finds recent signals by their identity hash; the journal finds those up to its last checkpoint. There are two
/// halves: when the newer is full, the older is dropped.
struct RecentIdentities {
    /// Far more than a checkpoint's interval, beyond which the journal's own index takes over.
    private static let halfLimit = 250_000

    private var newer = IdentityIndex()
    private var older = IdentityIndex()

    mutating func insert(_ hash: UInt64, _ position: Position) {
        if newer.count >= Self.halfLimit {
            older = newer
            newer = IdentityIndex()
        }
        newer.insert(hash, position)
    }

    func positions(_ hash: UInt64) -> [Position] { newer.positions(hash) + older.positions(hash) }
}
