import Terminal

extension StandardError {
    /// Names the shards that a list leaves out, if any.
    package static func printUnreadableShards(_ shards: [String]) {
        guard !shards.isEmpty else { return }
        StandardError.print("shards that cannot be read are left out: \(shards.joined(separator: ", "))")
    }
}
