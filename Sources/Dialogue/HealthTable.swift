import Signals
import Terminal

/// The answer of `/readyz` as tables for people.
package enum HealthTable {
    /// The parts of the service, then its shards; the whole body if it does not come from Convey.
    package static func make(_ body: [UInt8]) -> [TextTable] {
        // Another program may answer at that address.
        guard let json = try? JSONValue(body), let ready = json["ready"]?.bool else {
            let text = String(decoding: body, as: UTF8.self)
            return [TextTable(["ANSWER"], empty: "the answer is empty", rows: text.isEmpty ? [] : [[text]])]
        }
        let parts = (json["parts"]?.object ?? []).map { [$0.key, words($0.value)] }
        let shards = (json["shards"]?.array ?? []).map { shard in
            ["shard", "state", "position", "queue_depth", "outbox_lag"].map { words(shard[$0]) }
        }
        return [
            TextTable(["PART", "STATE"], empty: "no parts", rows: [["ready", ready ? "yes" : "no"]] + parts),
            TextTable(
                ["SHARD", "STATE", "POSITION", "QUEUE", "UNPUBLISHED"], right: [2, 3], empty: "no shards",
                rows: shards),
        ]
    }

    private static func words(_ value: JSONValue?) -> String { value?.string ?? value?.description ?? "" }
}
