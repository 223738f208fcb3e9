import Signals

/// Finds the signals recorded since the last checkpoint by their identity hash; the journal finds the older ones.
/// Its size is bounded by the checkpoint interval.
package struct IdentityIndex {
    /// Entries whose hashes have the same beginning; a checkpoint writes them in one step.
    private struct Group {
        var newest: [UInt64: Position] = [:]
        /// Earlier positions of repeated hashes (one id used under several sources, or a collision).
        var earlier: [UInt64: [Position]] = [:]
    }

    private var groups = Array(repeating: Group(), count: Self.groupCount)
    package private(set) var count = 0

    /// At a checkpoint each group has a few hundred entries.
    package static let groupCount = 1 << groupBits
    private static let groupBits = 6

    package init() {}

    package mutating func insert(_ hash: UInt64, _ position: Position) {
        let index = Self.group(of: hash)
        if let known = groups[index].newest.updateValue(position, forKey: hash) {
            groups[index].earlier[hash, default: []].append(known)
        } else {
            count += 1
        }
    }

    package func positions(_ hash: UInt64) -> [Position] {
        let group = groups[Self.group(of: hash)]
        guard let position = group.newest[hash] else { return [] }
        return [position] + (group.earlier[hash] ?? [])
    }

    /// The entries of a group, ascending by hash: neighbours land on the same pages of the journal's index.
    package func sorted(group index: Int) -> [(hash: UInt64, position: Position)] {
        let group = groups[index]
        var entries = group.newest.map { (hash: $0.key, position: $0.value) }
        for (hash, positions) in group.earlier { entries += positions.map { (hash: hash, position: $0) } }
        return entries.sorted { $0.hash == $1.hash ? $0.position < $1.position : $0.hash < $1.hash }
    }

    private static func group(of hash: UInt64) -> Int { Int(hash >> (64 - UInt64(groupBits))) }
}
