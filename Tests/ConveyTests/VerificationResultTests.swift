import JournalPort
import JournalReading
import Signals
import Testing

@testable import convey

@Suite("Output of verify") struct VerificationResultTests {
    private static func report(_ shard: Int, difference: JournalDifference? = nil) -> Sharded<VerificationReport> {
        var report = VerificationReport()
        report.signals = 3
        report.markers = 2
        report.conversations = 1
        report.through = Position(5)
        report.difference = difference
        return Sharded(shard: shard, report)
    }

    @Test func `One shard is not named`() {
        let result = VerificationResult([Self.report(0)], shards: 1, duration: .seconds(1))
        #expect(result.isOK)
        #expect(
            result.text.hasPrefix("ok: 5 records (3 signals, 2 markers) of 1 conversations, up to position 5, in 1.0 s")
        )
        #expect(
            result.json == #"{"ok":true,"signals":3,"markers":2,"conversations":1,"through":5,"seconds":1.000}"#)
    }

    @Test func `Deliberately removed content is counted`() {
        var report = Self.report(0)
        report.value.removed = 4
        report.value.deleted = 7
        let result = VerificationResult([report], shards: 1, duration: .seconds(1))
        #expect(
            result.text.hasPrefix(
                "ok: 9 records (3 signals, 2 markers, 4 with removed content), 7 deleted, of 1 conversations, up to position 5"
            ))
        #expect(
            result.json.hasPrefix(#"{"ok":true,"signals":3,"markers":2,"removed":4,"deleted":7,"conversations":1,"#))
    }

    @Test func `Counts of several shards are added up`() {
        var reports = [Self.report(0), Self.report(1)]
        reports[0].value.deleted = 2
        reports[1].value.deleted = 3
        let result = VerificationResult(reports, shards: 2, duration: .seconds(1))
        #expect(result.text.contains(", 5 deleted, of 2 conversations"))
        #expect(result.json.contains(#"{"shard":1,"ok":true,"signals":3,"markers":2,"deleted":3,"conversations":1,"#))
    }

    @Test func `With several shards each finding names its shard`() {
        let difference = JournalDifference(.chain, "no record before it", subject: "c", position: Position(4))
        let reports = [
            Self.report(0), Self.report(1, difference: difference),
            Self.report(2, difference: JournalDifference(.storage, "x")),
        ]
        let result = VerificationResult(reports, shards: 3, duration: .seconds(1))
        #expect(!result.isOK)
        #expect(result.text.contains("DIFFERENCE (chain) at position 1.4 of c\n"))
        #expect(result.text.contains("DIFFERENCE (storage) at shard 2\n"))
        #expect(
            result.text.contains(
                "Verified 15 records (9 signals, 6 markers) of 3 conversations, up to position 0.5, 1.5, 2.5"))
        #expect(result.json.contains(#""shards":[{"shard":0,"ok":true,"#))
        #expect(result.json.contains(#""difference":{"shard":1,"kind":"chain","#))
    }
}
