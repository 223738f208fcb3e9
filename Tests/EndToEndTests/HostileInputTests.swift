import Foundation
import MQTTTransport
import TestSupport
import Testing

extension UnderLoad {
    @Suite("Hostile input")
    struct HostileInputTests {
        private static let count = 10_000

        @Test("10,000 mutated envelopes are each recorded or rejected, and stop nothing", .timeLimit(.minutes(3)))
        func mutations() async throws {
            var generator = SeededGenerator.announced("mutations")
            let deployment = try Deployment(["--llm-echo-delay", "0ms", "--scheduler-cause-timeout", "1s"])
            try await deployment.start()
            let listener = try await deployment.listener(["conv/out/#", "conv/audit/#"])
            let client = try await deployment.client()
            for _ in stride(from: 0, to: Self.count, by: 500) {
                let messages = (0..<500).map { _ in
                    OutgoingMessage(topic: Self.topic(&generator), payload: Self.payload(&generator))
                }
                try await client.publishMany(messages)
            }
            try await eventually("all are taken", seconds: 60) {
                deployment.metric("convey_signals_received_total") >= Double(Self.count)
            }
            try await RejectionTests.expectWorking(deployment, listener)

            let journal = try JournalFile(deployment.journal)
            let recorded = try journal.number(
                "SELECT count(*) FROM journal WHERE id IS NOT NULL AND coalesce(source, '') NOT LIKE '/convey/%'")
            let rejected = try journal.number("SELECT count(*) FROM journal WHERE type = 'conv.audit.signal.rejected'")
            print("\(recorded) recorded, \(rejected) rejected")
            #expect(recorded > 100 && rejected > 1_000)
            // The last good message is one more. (If a resumed session rejects the same content soon again, it counts
            // as a redelivery and is journaled once: the metric counts all.)
            let duplicates = Int(deployment.metric("convey_signals_duplicate_total"))
            let refused = Int(deployment.metric("convey_signals_rejected_total"))
            #expect(recorded + duplicates + refused == Self.count + 1)
            #expect(rejected <= refused)
            #expect(!deployment.log.contains("Fatal"))
            await client.stop()
            await listener.stop()
        }

        private static let topics = [
            "conv/in/m1/message/received", "conv/in/m2/note/taken", "conv/in/m3", "conv/ingest/m4", "conv/in",
            "conv/in/", "conv/in//", "conv/in//note/taken", "conv/in/m5/", "conv/in/m5//", "conv/in/%/a",
            "conv/in/%2/a",
            "conv/in/%00/a", "conv/in/%FF/a", "conv/in/m6/%2e/a", "conv/in/m6/a.b", "conv/ingest", "conv/ingest/m7/a",
            "conv/in/m8/control/abort_requested", "conv/in/m9/timer/tick", "conv/in/ /a", "conv/in/\u{202e}/a",
        ]

        private static func topic(_ generator: inout SeededGenerator) -> String {
            // Mostly places where the payload gets further than the topic.
            Bool.random(using: &generator)
                ? topics[Int.random(in: 0...3, using: &generator)]
                : topics.randomElement(using: &generator) ?? topics[0]
        }

        /// Values to put somewhere in an envelope.
        private static let values = [
            "1e999", "-0", "1e-999", String(repeating: "9", count: 400), "0.1e+", "null", "true", "[]", "{}", #""""#,
            #"" ""#,
            #""\ud800""#, #""\udc00\ud800""#, #""\u0000""#, #""\u2028""#, #""\x""#, "\"\t\"",
            String(repeating: "[", count: 100_000),
            String(repeating: #"{"a":"#, count: 63) + "1" + String(repeating: "}", count: 63),
            "[" + String(repeating: "1,", count: 2_000) + "1]", #""conv.in.note.taken""#, #""conv.in..""#, #""conv.""#,
            #""conv.effect.llm.generation.completed""#, #""conv.audit.x""#, #""conv.out.assistant.delta""#,
            #"{"data":{"data":{}}}"#, #"{"effect_id":"e","lifecycle":"completed","output_id":"o","channel":"c"}"#,
            #"{"effect_policy":{"max_attempts":-1,"timeout_ms":1e30}}"#, #"{"content":{"text":[]}}"#,
            #"{"cause_id":[]}"#,
        ]

        private static let names = [
            "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "contractmajor",
            "contract_major", "causationid", "cause_id", "project_id", "conversation_id", "traceparent", "sequence",
            "offset", "partition", "extensions", "data", "data_base64", "", "\\u0069d", "Ünknown", "x",
        ]

        private static func payload(_ generator: inout SeededGenerator) -> [UInt8] {
            var members = [
                (#""specversion""#, #""1.0""#), (#""id""#, #""id-\#(Int.random(in: 0..<5_000, using: &generator))""#),
                (#""source""#, #""/mutation""#),
                (#""data""#, #"{"content":"x","effect_id":"e","lifecycle":"progress"}"#),
            ]
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                let name = "\"\(names.randomElement(using: &generator) ?? "id")\""
                let value = values.randomElement(using: &generator) ?? "null"
                // Some members are replaced, some appear twice.
                if let index = members.firstIndex(where: { $0.0 == name }), Bool.random(using: &generator) {
                    members[index].1 = value
                } else {
                    members.insert((name, value), at: Int.random(in: 0...members.count, using: &generator))
                }
            }
            var bytes = Array(("{" + members.map { "\($0.0):\($0.1)" }.joined(separator: ",") + "}").utf8)
            if Int.random(in: 0..<4, using: &generator) == 0 { damage(&bytes, &generator) }
            return bytes
        }

        private static func damage(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
            for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[index] = .random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(bytes[index], at: index)
                default: bytes.removeSubrange(index...)
                }
            }
        }
    }
}
