import Conversation
import Foundation
import JournalPort
import JournalReading
import Signals

/// The result of a verification, for a person or a program.
struct VerificationResult {
    private let reports: [Sharded<VerificationReport>]
    private let shards: Int
    private let sum: VerificationReport
    private let seconds: Double

    /// - Parameters:
    ///   - reports: those of the verified shards.
    ///   - shards: the number of shards of the journal.
    init(_ reports: [Sharded<VerificationReport>], shards: Int, duration: Duration) {
        self.reports = reports
        self.shards = shards
        seconds = duration / .seconds(1)
        var sum = VerificationReport()
        for report in reports {
            sum.signals += report.value.signals
            sum.markers += report.value.markers
            sum.removed += report.value.removed
            sum.deleted += report.value.deleted
            sum.conversations += report.value.conversations
        }
        self.sum = sum
    }

    var isOK: Bool { reports.allSatisfy { $0.value.difference == nil } }

    private var rate: Int { Int(Double(sum.records) / max(seconds, 0.001)) }

    /// The shard's name in a difference; nil if there is only one shard.
    private func name(_ report: Sharded<VerificationReport>) -> Int? { shards == 1 ? nil : report.shard }

    var text: String {
        let places = reports.map { ShardPosition(shard: $0.shard, position: $0.value.through).text(shards: shards) }
        var kinds = "\(sum.signals) signals, \(sum.markers) markers"
        if sum.removed > 0 { kinds += ", \(sum.removed) with removed content" }
        let deleted = sum.deleted > 0 ? ", \(sum.deleted) deleted," : ""
        let seen =
            "\(sum.records) records (\(kinds))\(deleted) of \(sum.conversations) conversations, "
            + "up to position \(places.joined(separator: ", ")), in \(String(format: "%.1f", seconds)) s (\(rate) records/s)"
        let findings = reports.compactMap { report in
            report.value.difference.map { difference in
                """
                DIFFERENCE (\(difference.kind.rawValue)) at \(difference.place(inShard: name(report)))
                  \(difference.message)
                It means: \(difference.meaning)
                To do:    \(difference.advice)

                """
            }
        }
        return findings.isEmpty ? "ok: \(seen)" : findings.joined() + "Verified \(seen)"
    }

    var json: String {
        var object = JSONObjectBuilder()
        add(sum, isOK: isOK, to: &object)
        if shards == 1, let report = reports.first { object.add("through", report.value.through.rawValue) }
        object.add("seconds", json: String(format: "%.3f", seconds).utf8)
        if shards == 1 {
            if let difference = reports.first?.value.difference { object.add("difference", json: difference.encode()) }
        } else {
            let list = reports.map(encode).joined(separator: [UInt8(ascii: ",")])
            object.add("shards", json: [UInt8(ascii: "[")] + Array(list) + [UInt8(ascii: "]")])
        }
        return String(decoding: object.finish(), as: UTF8.self)
    }

    private func encode(_ report: Sharded<VerificationReport>) -> [UInt8] {
        var object = JSONObjectBuilder()
        object.add("shard", report.shard)
        add(report.value, isOK: report.value.difference == nil, to: &object)
        object.add("through", report.value.through.rawValue)
        if let difference = report.value.difference {
            object.add("difference", json: difference.encode(shard: report.shard))
        }
        return object.finish()
    }

    private func add(_ report: VerificationReport, isOK: Bool, to object: inout JSONObjectBuilder) {
        object.add("ok", json: (isOK ? "true" : "false").utf8)
        object.add("signals", report.signals)
        object.add("markers", report.markers)
        // Only if records were removed on purpose.
        if report.removed > 0 { object.add("removed", report.removed) }
        if report.deleted > 0 { object.add("deleted", report.deleted) }
        object.add("conversations", report.conversations)
    }
}
