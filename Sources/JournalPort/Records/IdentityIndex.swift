/// Finds the signals recorded since the last checkpoint by the hash of their identity; the journal finds the older ones.
/// Its size is bounded by the checkpoint interval.
package struct IdentityIndex {
    private var newest: [UInt64: Position] = [:]
    /// Earlier positions of hashes that occur more than once (one id used under several sources; chance).
    private var earlier: [UInt64: [Position]] = [:]

    package init() {}

    package mutating func insert(_ hash: UInt64, _ position: Position) {
        if let known = newest.updateValue(position, forKey: hash) { earlier[hash, default: []].append(known) }
    }

    package func positions(_ hash: UInt64) -> [Position] {
        guard let position = newest[hash] else { return [] }
        return [position] + (earlier[hash] ?? [])
    }

    /// All entries, ascending by hash: neighbours land on the same pages of the journal's index.
    package func sorted() -> [(hash: UInt64, position: Position)] {
        var entries = newest.map { (hash: $0.key, position: $0.value) }
        for (hash, positions) in earlier { entries += positions.map { (hash: hash, position: $0) } }
        return entries.sorted { $0.hash == $1.hash ? $0.position < $1.position : $0.hash < $1.hash }
    }

    package mutating func removeAll() {
        newest.removeAll(keepingCapacity: true)
        earlier.removeAll()
    }

    package var count: Int { newest.count }
}
