import JournalPort
import PostgreSQL
import Signals

/// The heartbeats of the nodes, and the shards that they own.
struct Membership {
    let session: PoolSession
    let shards: Int

    /// A node without a heartbeat for this long is down. A node without one for a day is forgotten.
    private static let downSeconds: Int64 = 5
    private static let forgottenSeconds: Int64 = 86_400

    /// Writes a heartbeat and reads the status of all nodes and shards, in one round trip.
    func beat(_ node: ClusterNode) throws(JournalError) -> ClusterStatus {
        let found = try session.run(
            [
                Call(
                    """
                    INSERT INTO convey.node (node, version, http, started, seen)
                    VALUES ($1, $2, $3, now() - $4 * interval '1 second', now())
                    ON CONFLICT (node) DO UPDATE SET version = $2, http = $3, started = excluded.started, seen = now()
                    """,
                    [.text(node.name), .text(node.version), .text(node.http), .integer(node.uptime)]),
                Call(
                    "DELETE FROM convey.node WHERE seen < now() - $1 * interval '1 second'",
                    [.integer(Self.forgottenSeconds)]),
                Call(
                    """
                    SELECT node, version, http, seen > now() - $1 * interval '1 second',
                           extract(epoch FROM now() - started)::bigint FROM convey.node ORDER BY node
                    """, [.integer(Self.downSeconds)]),
                Call("SELECT shard, tag, node, epoch, lease_until > now(), outbox FROM convey.shard ORDER BY shard"),
            ]
                + (0..<shards).map { shard in
                    Call("SELECT coalesce(max(position), 0) FROM \(ShardSchema(shard: shard).table("journal"))")
                })
        return ClusterStatus(
            node: node.name, nodes: (0..<found[2].count).map { Self.node(found[2], $0) },
            shards: (0..<min(shards, found[3].count)).map {
                Self.shard(found[3], $0, last: found[4 + $0].integer(0, 0))
            })
    }

    private static func node(_ rows: Rows, _ row: Int) -> ClusterNode {
        ClusterNode(
            name: rows.text(row, 0) ?? "", version: rows.text(row, 1) ?? "", http: rows.text(row, 2),
            isUp: rows.isTrue(row, 3), uptime: rows.integer(row, 4))
    }

    private static func shard(_ rows: Rows, _ row: Int, last: Int64) -> ClusterShard {
        ClusterShard(
            shard: Int(rows.integer(row, 0)), tag: rows.text(row, 1), owner: rows.text(row, 2),
            isOwned: rows.isTrue(row, 4), epoch: rows.integer(row, 3), position: Position(last),
            outboxLag: max(0, last - rows.integer(row, 5)))
    }
}
