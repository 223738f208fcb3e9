import Signals
import Terminal

/// The answer of `/v1/cluster` as tables for people.
package enum ClusterTable {
    /// The nodes, then the shards; the whole body where it is not Convey's.
    package static func make(_ body: [UInt8]) -> [TextTable] {
        guard let json = try? JSONValue(body), let nodes = json["nodes"]?.array else {
            let text = String(decoding: body, as: UTF8.self)
            return [TextTable(["ANSWER"], empty: "the answer is empty", rows: text.isEmpty ? [] : [[text]])]
        }
        let shards = json["shards"]?.array ?? []
        return [
            TextTable(
                ["NODE", "STATE", "UP", "SHARDS", "HTTP", "VERSION"], right: [2, 3], empty: "no nodes",
                rows: nodes.map { node in
                    let name = node["node"]?.string ?? ""
                    let isUp = node["up"]?.bool ?? false
                    let owned = shards.count { $0["owner"]?.string == name && $0["owned"]?.bool ?? false }
                    // A node that cannot reach the database knows no shards.
                    let state = shards.isEmpty ? "no journal" : !isUp ? "down" : owned > 0 ? "at work" : "standing by"
                    return [
                        name, state, isUp ? duration(node["uptime_seconds"]?.int ?? 0) : "", "\(owned)",
                        node["http"]?.string ?? "off", node["version"]?.string ?? "",
                    ]
                }),
            TextTable(
                ["SHARD", "OWNER", "EPOCH", "POSITION", "UNPUBLISHED"], right: [0, 2, 3, 4], empty: "no shards",
                rows: shards.map { shard in
                    let isOwned = shard["owned"]?.bool ?? false
                    return [
                        words(shard["shard"]), isOwned ? words(shard["owner"]) : "none", words(shard["epoch"]),
                        words(shard["position"]), words(shard["outbox_lag"]),
                    ]
                }),
        ]
    }

    private static func words(_ value: JSONValue?) -> String { value?.string ?? value?.description ?? "" }

    private static func duration(_ seconds: Int) -> String {
        switch seconds {
        case ..<60: "\(seconds) s"
        case ..<3_600: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3_600) h"
        default: "\(seconds / 86_400) d"
        }
    }
}
