import Foundation

/// Dead letters from an answer, as a table for people.
enum DeadLetterTable {
    struct Letter: Decodable {
        /// Present only if the journal has several shards.
        let shard: Int?
        let position: Int64
        let subject: String
        let offset: Int64
        let reason: String
        let at: String
        let id: String
        let type: String
        let cause: String?

        /// The position as commands take it.
        var place: String { shard.map { "\($0).\(position)" } ?? "\(position)" }
    }

    struct Result: Decodable {
        let shard: Int?
        let position: Int64
        let status: String
        let audit_id: String?

        var place: String { shard.map { "\($0).\(position)" } ?? "\(position)" }
    }

    struct List: Decodable {
        var dead_letters: [Letter] = []
        /// Shards that the list has nothing of; present only if there are any.
        var unreadable_shards: [Int]?

        /// Says on standard error what the list leaves out.
        func warnOfUnreadableShards() {
            StandardError.printUnreadableShards((unreadable_shards ?? []).map(String.init))
        }
    }

    /// Empty if the answer is not a list.
    static func list(_ answer: String) -> List {
        (try? JSONDecoder().decode(List.self, from: Data(answer.utf8))) ?? List()
    }

    static func results(_ answer: String) -> [Result] {
        struct Results: Decodable { let results: [Result] }
        return (try? JSONDecoder().decode(Results.self, from: Data(answer.utf8)))?.results ?? []
    }

    static func lines(_ letters: [Letter]) -> [String] {
        let rows =
            [["POSITION", "SUBJECT", "OFFSET", "SET ASIDE", "REASON", "TYPE", "ID", "CAUSE"]]
            + letters.map {
                [$0.place, $0.subject, "\($0.offset)", $0.at, $0.reason, $0.type, $0.id, $0.cause ?? "-"]
            }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            zip(row, widths).map { $0.padding(toLength: max($1, $0.count), withPad: " ", startingAt: 0) }
                .joined(separator: "  ").trimmingCharacters(in: .whitespaces)
        }
    }

    /// A JSON object over several lines.
    static func indented(_ answer: String) -> String {
        guard let object = try? JSONSerialization.jsonObject(with: Data(answer.utf8)),
            let data = try? JSONSerialization.data(
                withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        else { return answer }
        return String(decoding: data, as: UTF8.self)
    }
}
