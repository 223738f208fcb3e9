import Signals

extension JSONObjectBuilder {
    /// Adds `unreadable_shards`: the shards that a list has nothing of, because they cannot be read. Nothing where there are none.
    package mutating func add(unreadableShards shards: [Int]) {
        guard !shards.isEmpty else { return }
        add("unreadable_shards", json: Array("[\(shards.map(String.init).joined(separator: ","))]".utf8))
    }
}
