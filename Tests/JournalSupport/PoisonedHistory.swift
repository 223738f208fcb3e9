import Signals

/// A random conversation with everything that a server is known to refuse: earlier versions, models that break off and
/// producers of all kinds leave such journals behind.
public struct PoisonedHistory: Sendable {
    public private(set) var history = RecordedHistory()
    private var random: SeededRandom
    private var count = 0

    /// Arguments of tool calls as models write them.
    public static let arguments = [
        "{}", #"{"city":"Oslo"}"#, #"{"city":"#, "", " ", "Oslo", #"["Oslo"]"#, "null", "7", "true",
        #""{\"city\":\"Oslo\"}""#, #""\"{}\"""#, #"{"a":1,"a":2}"#, #"{"a":{"b":1,"b":2}}"#, #"{"a":"\x"}"#,
        #"{"a":"\ud800"}"#, #"{"a":1}{"a":1}"#, "```json\n{}\n```",
        String(repeating: "[", count: 100), #""\"Oslo\"""#,
    ]
    /// Contents of messages, JSON.
    public static let contents = [
        #""hi""#, #""""#, #"" ""#, #""\n\t\u3000""#, "null", "false", "[]", #"[""]"#, "{}", "7",
        #"[{"type":"text","text":"hi"}]"#, #"[{"type":"image_url","image_url":{"url":"x"}}]"#,
        #"[{"type":"text","text":""}]"#,
    ]

    public init(seed: UInt64) { random = SeededRandom(seed: seed) }

    /// Adds a message, the result of its answer, and the start of the next message's answer.
    /// - Returns: the id of the message to answer.
    public mutating func exchange() -> String {
        count += 1
        let id = "m\(count)"
        history.add(1, id, "conv.in.message.received", #"{"content":\#(random.pick(Self.contents))}"#)
        if random.oneIn(8) {
            history.add(1, "p\(count)", "conv.out.assistant.completed", #"{"content":"a person"}"#)
        }
        if random.oneIn(10) {
            history.generation(1, random.oneIn(2) ? "failed" : "canceled", of: id)
            return exchange()
        }
        history.generation(1, "started", of: id)
        if random.oneIn(8) {
            history.add(1, "q\(count)", "conv.out.assistant.completed", #"{"content":"a person"}"#)
        }
        return id
    }

    /// Ends the answer to a message.
    public mutating func end(_ id: String) {
        var cause = id
        for round in 0..<random.int(0...3) {
            let calls = (0..<random.int(1...3)).map { _ in call() }.joined(separator: ",")
            history.add(
                1, "c\(count)-\(round)", "conv.effect.llm.generation.completed",
                #"{"effect_id":"llm-generation-\#(cause)","content":\#(random.pick([#""""#, #"" ""#, #""I look""#])),"#
                    + #""provider":"\#(random.pick(["strict", "other"]))","thinking":"hm","reasoning_member":"reasoning_content","#
                    + #""provider_members":{"extra_content":{"a":1},"role":"x","content":"y"},"tool_calls":[\#(calls)]}"#
            )
            for call in 0..<random.int(0...3) {
                let end = random.pick(["completed", "failed", "canceled"])
                history.add(
                    1, "t\(count)-\(round)-\(call)", "conv.effect.tool.execution.\(end)",
                    #"{"effect_id":"t","tool_call_id":"call_\#(call)","content":\#(random.pick([#""18""#, #""""#, "null"]))}"#
                )
            }
            cause = "t\(count)-\(round)"
            if random.oneIn(4) { break }
            history.generation(1, "started", of: cause)
        }
        let lifecycle = random.pick(["completed", "completed", "canceled", "failed"])
        history.generation(1, lifecycle, of: cause, random.pick(["a\(count)", "", " "]))
    }

    private mutating func call() -> String {
        let id = random.pick([#""call_0""#, #""call_1""#, #""call_2""#, #"" ""#, #""""#, "7"])
        let name = random.pick(["weather", "get weather", "größe", "a.b", " ", String(repeating: "n", count: 80)])
        var call = JSONObjectBuilder()
        call.add("id", json: id.utf8)
        call.add("name", name)
        call.add("arguments", random.pick(Self.arguments))
        call.add("members", json: #"{"extra_content":{"s":"x"},"id":"forged","function":{"name":"forged","z":1}}"#.utf8)
        return String(decoding: call.finish(), as: UTF8.self)
    }
}
