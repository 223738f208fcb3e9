import JournalPort
import PostgreSQL
import Signals

/// The hashes in a shard's identity index. With them the look-up of a new signal's identity needs no round trip.
///
/// Each hash takes some 20 bytes. Beyond the limit the filter is dropped, and every identity is looked up in the database.
struct IdentityFilter {
    private var hashes: Set<UInt64>?

    /// Maximum hashes in memory, about 40 MB.
    private static let limit = 2_000_000
    private static let pageSize = 100_000

    /// Reads the index.
    init(_ session: any Session, _ schema: ShardSchema) throws(JournalError) {
        var found: Set<UInt64> = []
        var last = (hash: Int64.min, position: Int64.min)
        while true {
            let rows = try session.run(
                Call(
                    """
                    SELECT hash, position FROM \(schema.table("identities")) WHERE (hash, position) > ($1, $2)
                    ORDER BY hash, position LIMIT $3
                    """, [.integer(last.hash), .integer(last.position), .integer(Int64(Self.pageSize))]))
            for row in 0..<rows.count { found.insert(UInt64(bitPattern: rows.integer(row, 0))) }
            if found.count > Self.limit {
                hashes = nil
                return
            }
            guard rows.count == Self.pageSize else { break }
            last = (rows.integer(rows.count - 1, 0), rows.integer(rows.count - 1, 1))
        }
        hashes = found
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
