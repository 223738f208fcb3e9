import Testing

@testable import Dialogue

@Suite("A line of tail")
struct TailLineTests {
    private func line(_ type: String, _ data: String) -> String {
        let payload = """
            {"id":"e1","type":"\(type)","subject":"chat-42","time":"2026-11-22T18:40:38.123Z","data":\(data)}
            """
        return TailLine.text(topic: "conv/x", Array(payload.utf8), now: "2026-11-22T19:00:00.000Z")
    }

    @Test("An event is shown as time, conversation, type, id and the start of its text")
    func event() {
        #expect(
            line("conv.out.assistant.delta", #"{"delta":"hi\n"}"#)
                == #"18:40:38.123  chat-42  out/assistant.delta  e1  "hi\n""#)
    }

    @Test("The header names the parts of a line")
    func header() {
        let parts = TailLine.header.plain.split(separator: " ").map(String.init)
        #expect(parts == ["TIME", "SUBJECT", "EVENT", "ID", "SUMMARY"])
        let line = line("conv.out.assistant.delta", #"{"delta":"hi"}"#)
        #expect(line.split(separator: "  ").count == parts.count)
    }

    @Test("Anything that is not an event is shown by its topic, and cut")
    func other() {
        let line = TailLine.text(
            topic: "conv/in/c/message/received", Array(repeating: 0x41, count: 500), now: "2026-11-22T19:00:00.000Z")
        #expect(line == "19:00:00.000  conv/in/c/message/received  \"\(String(repeating: "A", count: 60))\"")
    }

    @Test("A failed answer is shown with its category and message, not with partial text")
    func failedAnswer() {
        let data = #"{"category":"config","message":"unknown model provider \"nope\"","content":""}"#
        let failed = line("conv.out.assistant.failed", data)
        #expect(failed.hasSuffix(#"out/assistant.failed  e1  config: unknown model provider "nope""#))
    }
}
