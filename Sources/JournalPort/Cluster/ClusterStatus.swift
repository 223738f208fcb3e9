import Signals

/// The nodes that share a journal, and its shards.
public struct ClusterStatus: Sendable, Equatable {
    /// The node that answers.
    public var node: String
    /// The nodes, sorted by name.
    public var nodes: [ClusterNode]
    /// The shards, sorted by index.
    public var shards: [ClusterShard]

    public init(node: String, nodes: [ClusterNode], shards: [ClusterShard]) {
        self.node = node
        self.nodes = nodes
        self.shards = shards
    }

    /// `{"node":"a","nodes":[{"http":"127.0.0.1:8080","node":"a","up":true,"uptime_seconds":12,"version":"0.1.0"}],"shards":[{"epoch":3,
    /// "outbox_lag":0,"owned":true,"owner":"a","position":20,"shard":0,"tag":"k3xa7"}]}`
    package var json: [UInt8] {
        var object = JSONObjectBuilder()
        object.add("node", node)
        object.add("nodes", json: Self.array(nodes.map(Self.object)))
        object.add("shards", json: Self.array(shards.map(Self.object)))
        return object.finish()
    }

    private static func object(_ node: ClusterNode) -> [UInt8] {
        var object = JSONObjectBuilder()
        if let http = node.http { object.add("http", http) }
        object.add("node", node.name)
        object.add("up", json: (node.isUp ? "true" : "false").utf8)
        object.add("uptime_seconds", node.uptime)
        object.add("version", node.version)
        return object.finish()
    }

    private static func object(_ shard: ClusterShard) -> [UInt8] {
        var object = JSONObjectBuilder()
        object.add("epoch", shard.epoch)
        object.add("outbox_lag", shard.outboxLag)
        object.add("owned", json: (shard.isOwned ? "true" : "false").utf8)
        if let owner = shard.owner { object.add("owner", owner) }
        object.add("position", shard.position.rawValue)
        object.add("shard", shard.shard)
        if let tag = shard.tag { object.add("tag", tag) }
        return object.finish()
    }

    private static func array(_ elements: [[UInt8]]) -> [UInt8] {
        [UInt8(ascii: "[")] + elements.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "]")]
    }
}
