import Foundation
import Signals
import Terminal

/// Dead letters from an answer, as tables for people.
package enum DeadLetterTable {
    package struct Letter: Decodable {
        /// Present only if the journal has several shards.
        package let shard: Int?
        package let position: Int64
        package let subject: String
        package let offset: Int64
        package let reason: String
        package let at: String
        package let id: String
        package let type: String
        package let cause: String?

        /// The position in the form that commands accept.
        package var place: String { shard.map { "\($0).\(position)" } ?? "\(position)" }
    }

    package struct Result: Decodable {
        package let shard: Int?
        package let position: Int64
        package let status: String
        package let audit_id: String?

        package var place: String { shard.map { "\($0).\(position)" } ?? "\(position)" }
    }

    package struct List: Decodable {
        package var dead_letters: [Letter] = []
        /// Shards missing from the list; present only if there are any.
        package var unreadable_shards: [Int]?

        /// Reports on standard error which shards the list leaves out.
        package func warnOfUnreadableShards() {
            StandardError.printUnreadableShards((unreadable_shards ?? []).map(String.init))
        }
    }

    /// Empty if the answer is not a list.
    package static func list(_ answer: String) -> List {
        (try? JSONDecoder().decode(List.self, from: Data(answer.utf8))) ?? List()
    }

    package static func results(_ answer: String) -> [Result] {
        struct Results: Decodable { let results: [Result] }
        return (try? JSONDecoder().decode(Results.self, from: Data(answer.utf8)))?.results ?? []
    }

    /// Dead letters, one per row.
    package static func table(_ letters: [Letter]) -> TextTable {
        TextTable(
            ["POSITION", "SUBJECT", "OFFSET", "SET ASIDE", "REASON", "TYPE", "ID", "CAUSE"], right: [2],
            empty: "no dead letters",
            rows: letters.map {
                [$0.place, $0.subject, "\($0.offset)", $0.at, $0.reason, $0.type, $0.id, $0.cause ?? "-"]
            })
    }

    /// The outcome for each dead letter that was to be moved.
    package static func outcomes(_ results: [Result]) -> TextTable {
        TextTable(["POSITION", "OUTCOME"], empty: "no dead letters", rows: results.map { [$0.place, $0.status] })
    }

    /// One dead letter: its members, one per row.
    package static func letter(_ answer: String) -> TextTable {
        let members = (try? JSONValue(Array(answer.utf8)))?.object ?? []
        return TextTable(
            ["FIELD", "VALUE"], empty: "no such dead letter",
            rows: members.map { [$0.key, $0.value.string ?? $0.value.description] })
    }
}
