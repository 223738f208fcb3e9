import JournalPort
import Signals

/// The hashes in a shard's identity index. With them the look-up of a new signal's identity needs no round trip.
///
/// Each hash takes some 20 bytes. Beyond the limit the filter is dropped, and every identity is looked up in the database.
struct IdentityFilter {
    private var hashes: Set<UInt64>?

    /// Maximum hashes in memory, about 40 MB.
    private static let limit = 2_000_000

    /// Reads the index.
    init(_ reads: ShardReads) throws(JournalError) {
        var found: Set<UInt64> = []
        try reads.forEachIdentity { hash, _ in
            found.insert(hash)
            return found.count <= Self.limit
        }
        hashes = found.count > Self.limit ? nil : found
    }

    /// Whether the index certainly does not contain the hash.
    func isUnknown(_ hash: UInt64) -> Bool { hashes.map { !$0.contains(hash) } ?? false }

    /// Adds identities that were written to the index.
    mutating func insert(_ identities: [(hash: UInt64, position: Position)]) {
        guard hashes != nil else { return }
        for identity in identities { hashes?.insert(identity.hash) }
        if hashes.map({ $0.count > Self.limit }) ?? false { hashes = nil }
    }
}
