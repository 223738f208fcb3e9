import ConformanceKit
import Testing

@Suite struct ConformanceTests {
    private static let vectors = String(#filePath.dropLast("ConformanceTests.swift".count)) + "Vectors"

    @Test func `The pure core agrees with every reference vector`() {
        let report = Conformance.run(folder: Self.vectors)
        #expect(report.rows > 1_500)
        for file in report.files where !file.isGood {
            Issue.record("\(file.name): \(file.outcome) \(file.differences.prefix(5))")
        }
        let isGood = report.isGood
        #expect(isGood)
    }

    @Test(arguments: [
        ("contract.jsonl", #"{"case":"altered","input":{},"expect":"reject","code":"attribute_missing:source"}"#),
        ("contract.jsonl", #"{"case":"altered","input":{},"expect":"accept","signal":{},"generated":[]}"#),
        (
            "conversation_ref.jsonl",
            #"{"case":"altered","op":"new","project_id":"a b","conversation_id":"c","result":"ok","subject":"project/a%20b/conversation/c"}"#
        ),
        ("scheduler.jsonl", #"{"case":"altered","kind":"priority","type":"conv.out.x","priority":2}"#),
        (
            "scheduler.jsonl",
            #"{"case":"altered","kind":"incremental","fairness_threshold":5,"scheduler_state":{},"steps":[{"enqueue":{"seq":0,"id":"a","type":"x","priority":2,"cause_id":null},"drain":"all","selected":["b"]}]}"#
        ),
        (
            "reducer.jsonl",
            #"{"case":"altered","conversation_id":"c","steps":[{"signal":{"id":"s","type":"x","subject":"c","data":{}},"priority":2,"partition_id":0,"scheduler_seq":0,"state":{"applied_count":2},"directives":[]}]}"#
        ),
        ("reducer.jsonl", #"{"case":"altered"}"#),
        ("scheduler.jsonl", #"{"case":"altered","kind":"new kind"}"#),
        ("contract.jsonl", "not JSON"),
        (
            "timeline.jsonl",
            #"{"case":"altered","events":[{"id":"1","type":"conv.out.assistant.completed","data":{"content":1.5}}],"output":[{"event_id":"1","type":"conv.out.assistant.completed","kind":"message","role":"assistant","content":1.5,"output_id":null,"channel":null,"metadata":{}}]}"#
        ),
        ("timeline.jsonl", #"{"case":"altered","events":[{"type":"x"}],"output":[]}"#),
        ("timeline.jsonl", #"{"case":"altered","events":[]}"#),
        (
            "llm_context.jsonl",
            #"{"case":"altered","events":[{"id":"1","type":"conv.in.message.received","data":{"text":"b"}}],"output":[]}"#
        ),
        (
            "token_coalescer.jsonl",
            #"{"case":"altered","entries":[{"event_id":"1","kind":"delta","role":"assistant","content":"a","output_id":null,"channel":null,"metadata":{}}],"output":[{"event_id":"1","kind":"delta","role":"assistant","content":"b","output_id":null,"channel":null,"metadata":{}}]}"#
        ),
        ("token_coalescer.jsonl", #"{"case":"altered","output":[]}"#),
    ])
    func `A row that differs is reported`(file: String, row: String) {
        let report = Conformance.check(name: file, bytes: Array(row.utf8))
        #expect(report.rows == 1)
        #expect(!report.differences.isEmpty)
        #expect(!report.isGood)
    }

    @Test(arguments: [
        (
            "llm_context.jsonl",
            #"{"case":"no limit","events":[{"id":"1","type":"conv.in.message.received","data":{"text":"a"}}],"opts":{"max_messages":null},"output":[{"role":"user","content":"a","event_id":"1"}]}"#
        ),
        (
            "llm_context.jsonl",
            #"{"case":"no limit","events":[{"id":"1","type":"conv.in.message.received","data":{"text":"a"}},{"id":"2","type":"conv.in.message.received","data":{"text":"b"}}],"opts":{"max_messages":"1"},"output":[{"role":"user","content":"a","event_id":"1"},{"role":"user","content":"b","event_id":"2"}]}"#
        ),
        (
            "llm_context.jsonl",
            #"{"case":"no limit","events":[{"id":"1","type":"conv.in.message.received","data":{"text":"a"}},{"id":"2","type":"conv.in.message.received","data":{"text":"b"}}],"opts":{"max_messages":1.0},"output":[{"role":"user","content":"a","event_id":"1"},{"role":"user","content":"b","event_id":"2"}]}"#
        ),
        (
            "token_coalescer.jsonl",
            #"{"case":"no id","entries":[{"event_id":null,"kind":"delta","role":"assistant","content":"a","output_id":"o","channel":null,"metadata":{}},{"event_id":"2","kind":"delta","role":"assistant","content":"b","output_id":"o","channel":null,"metadata":{}}],"output":[{"event_id":null,"event_ids":["2"],"kind":"delta","role":"assistant","content":"ab","output_id":"o","channel":null,"metadata":{}}]}"#
        ),
        (
            "conversation_ref.jsonl",
            #"{"case":"broken","op":"parse","subject":"project/%zz/conversation/b","result":"ok","project_id":"%zz","conversation_id":"b"}"#
        ),
    ])
    func `A row of an unusual shape is checked`(file: String, row: String) {
        let report = Conformance.check(name: file, bytes: Array(row.utf8))
        #expect(report.isGood, "\(report.differences)")
    }

    @Test(arguments: [
        "contract.jsonl", "scheduler.jsonl", "reducer.jsonl", "conversation_ref.jsonl", "timeline.jsonl",
        "llm_context.jsonl", "token_coalescer.jsonl",
    ])
    func `A known file without rows is a failure`(name: String) {
        #expect(!Conformance.check(name: name, bytes: []).isGood)
    }

    @Test func `An unknown file is a failure`() {
        #expect(!Conformance.check(name: "other.jsonl", bytes: Array("{}".utf8)).isGood)
    }

    @Test func `A missing folder is a failure`() {
        #expect(!Conformance.run(folder: Self.vectors + "/nowhere").isGood)
    }
}
