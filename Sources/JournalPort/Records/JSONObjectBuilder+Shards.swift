import Signals

extension JSONObjectBuilder {
    /// Adds `unreadable_shards`: the shards whose entries are missing from a list because they cannot be read. Adds
    /// nothing if there are none.
    package mutating func add(unreadableShards shards: [Int]) {
        guard !shards.isEmpty else { return }
        add("unreadable_shards", json: Array("[\(shards.map(String.init).joined(separator: ","))]".utf8))
    }
}
