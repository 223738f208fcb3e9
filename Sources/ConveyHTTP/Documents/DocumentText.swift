import Conversation
import JournalPort
import Signals

/// Pieces of JSON documents.
enum DocumentText {
    /// `text` as a JSON string.
    static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        JSONWriter.append(string: text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Members `"name": value` in braces; the values are JSON.
    static func object(_ members: [(name: String, json: String)]) -> String {
        "{" + members.map { "\(quoted($0.name)):\($0.json)" }.joined(separator: ",") + "}"
    }

    static func array(_ elements: [String]) -> String { "[" + elements.joined(separator: ",") + "]" }

    /// The pattern, inside JSON, of a text that is not blank and has no control characters.
    static let visible =
        #"^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\u0000-\\u0020\\u007f-\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000][^\\u0000-\\u001f\\u007f-\\u009f]*$"#

    /// An offset or a sequence in a request.
    static let offset = #"{"type":"integer","minimum":0,"maximum":9223372036854775807}"#

    /// A time in a request.
    static let time =
        #"{"type":"string","format":"date-time","pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$"}"#

    /// The schema of a position in a journal with this many shards.
    static func journalPosition(shards: Int) -> String {
        if shards == 1 { return offset.dropLast() + #","description":"A position in the journal."}"# }
        let numbers = (0..<shards).map(String.init).joined(separator: "|")
        return
            #"{"type":"string","pattern":"^(\#(numbers))\\.[0-9]{1,18}$","description":"A position in the journal: SHARD.POSITION."}"#
    }

    /// The start of a list of dead letters: after a position, or `0`.
    static func listedPosition(shards: Int) -> String {
        let position = ##"{"$ref":"#/components/schemas/JournalPosition"}"##
        return shards == 1 ? position : #"{"anyOf":[{"const":"0"},\#(position)]}"#
    }

    /// Schemas of answers, for OpenAPI's components and for AsyncAPI.
    static let schemas = #"""
        {
        "Subject":{"type":"string","minLength":1,"maxLength":256,"pattern":"\#(visible)","description":"The conversation's id: at most 256 bytes of UTF-8, not blank, without control characters and noncharacters."},
        "Offset":{"type":"integer","minimum":0,"description":"A place in the conversation's record order, from 1."},
        "Next":{"type":"object","description":"The parameter and value that request the next page, in place of this page's before, after, after_sequence or cursor. Absent on the last page.","minProperties":1,"maxProperties":1},
        "Problem":{"type":"object","required":["error","message"],"properties":{
            "error":{"type":"string","description":"A stable code for programs."},"message":{"type":"string"}}},
        "Receipt":{"type":"object","required":["status"],"properties":{
            "status":{"type":"string","enum":["recorded","duplicate","rejected"]},"id":{"type":"string"},
            "subject":{"type":"string"},"offset":{"$ref":"#/components/schemas/Offset"},
            "code":{"type":"string","description":"Why the signal was rejected."},"message":{"type":"string"}}},
        "Shard":{"type":"integer","minimum":0,"description":"The shard that the position counts in; only where the journal has several."},
        "UnreadableShards":{"type":"array","items":{"type":"integer","minimum":0},"description":"Shards that cannot be read at the moment: the list has nothing of theirs. Missing where there is none."},
        "DeadLetter":{"type":"object","description":"A recorded signal set aside because it could not be applied.","required":["position","subject","offset","reason","at","recorded_at","id","source","type"],"properties":{
            "shard":{"$ref":"#/components/schemas/Shard"},
            "position":{"type":"integer","minimum":1,"description":"Its place in the journal, or in its shard."},
            "subject":{"$ref":"#/components/schemas/Subject"},"offset":{"$ref":"#/components/schemas/Offset"},
            "reason":{"type":"string"},
            "at":{"type":"string","format":"date-time","description":"When it was set aside."},
            "recorded_at":{"type":"string","format":"date-time"},
            "id":{"type":"string"},"source":{"type":"string"},"type":{"type":"string"},
            "cause":{"type":"string","description":"The id of the signal that it waits for."},
            "data":{"type":"object","description":"Only for a single letter, not in lists."}}},
        "DeadLetters":{"type":"object","required":["dead_letters"],"properties":{
            "dead_letters":{"type":"array","items":{"$ref":"#/components/schemas/DeadLetter"}},
            "unreadable_shards":{"$ref":"#/components/schemas/UnreadableShards"}}},
        "DeadLetterResults":{"type":"object","required":["results"],"properties":{
            "results":{"type":"array","items":{"type":"object","required":["position","status"],"properties":{
                "shard":{"$ref":"#/components/schemas/Shard"},"position":{"type":"integer"},
                "status":{"type":"string","enum":["redriven","discarded","not_found","already_discarded","parked_limit"]},
                "audit_id":{"type":"string","description":"The id of the audit signal."}}}}}},
        "Error":{"type":"object","required":["error","message"],"properties":{
            "error":{"type":"string","enum":["view_unknown","parameter_unknown","parameter_invalid","parameter_missing","not_found","busy","timeout","unavailable","corrupt"]},
            "message":{"type":"string"}}},
        "TimelineEntry":{"type":"object","required":["offset","time","event_id","type","kind","role","content"],"properties":{
            "offset":{"$ref":"#/components/schemas/Offset"},
            "time":{"type":"string","format":"date-time"},
            "event_id":{"type":"string"},
            "event_ids":{"type":"array","items":{"type":"string"},"description":"All events of an entry that joins several deltas; only with shape=reference."},
            "type":{"type":"string"},
            "kind":{"type":"string","enum":["message","delta","status","approval"],"description":"delta only with shape=reference, approval only without."},
            "role":{"type":"string","enum":["user","assistant","tool"]},
            "name":{"type":"string","description":"The tool's name."},
            "state":{"type":"string","enum":["open","waiting","completed","failed","canceled","decided"],"description":"Of answers and approval requests; never with shape=reference."},
            "reason":{"type":"string","description":"Why an answer failed, was canceled or waits."},
            "content":{"description":"Text; for users, the content as it was sent."},
            "output_id":{},"channel":{},
            "metadata":{"type":"object"}}},
        "Timeline":{"type":"object","required":["subject","as_of","entries"],"properties":{
            "subject":{"$ref":"#/components/schemas/Subject"},"as_of":{"$ref":"#/components/schemas/Offset"},
            "entries":{"type":"array","items":{"$ref":"#/components/schemas/TimelineEntry"}},
            "next":{"$ref":"#/components/schemas/Next"}}},
        "Message":{"type":"object","required":["role","content"],"properties":{
            "role":{"type":"string","enum":["system","user","assistant","tool"]},
            "content":{"type":"string"},"event_id":{"type":"string"},"tool_call_id":{"type":"string"},
            "tool_calls":{"type":"array","items":{"type":"object","required":["id","name","arguments"],"properties":{
                "id":{"type":"string"},"name":{"type":"string"},"arguments":{"type":"string"}}}}}},
        "Context":{"type":"object","required":["subject","as_of","messages"],"properties":{
            "subject":{"$ref":"#/components/schemas/Subject"},"as_of":{"$ref":"#/components/schemas/Offset"},
            "messages":{"type":"array","items":{"$ref":"#/components/schemas/Message"}}}},
        "Event":{"type":"object","description":"A CloudEvent as it is published.","required":["specversion","id","source","type","subject","time","datacontenttype","contractmajor","sequence","partition","offset","data"],"properties":{
            "specversion":{"const":"1.0"},"id":{"type":"string"},"source":{"type":"string","format":"uri-reference"},
            "type":{"type":"string","pattern":"^conv\\.(in|applied|effect|out|audit)\\."},
            "subject":{"$ref":"#/components/schemas/Subject"},"time":{"type":"string","format":"date-time"},
            "datacontenttype":{"const":"application/json"},"contractmajor":{"const":1},
            "causationid":{"type":"string"},"traceparent":{"type":"string"},
            "sequence":{"type":"integer","minimum":1},"partition":{"type":"integer","minimum":0},
            "offset":{"type":"integer","minimum":1},"data":{"type":"object"}}},
        "Events":{"type":"object","required":["subject","as_of","events"],"properties":{
            "subject":{"$ref":"#/components/schemas/Subject"},"as_of":{"$ref":"#/components/schemas/Offset"},
            "events":{"type":"array","items":{"$ref":"#/components/schemas/Event"}},
            "next":{"$ref":"#/components/schemas/Next"}}},
        "Application":{"type":"object","required":["id","type","priority","seq"],"properties":{
            "id":{"type":"string"},"type":{"type":"string"},"priority":{"type":"integer","minimum":0,"maximum":3},
            "seq":{"type":"integer","minimum":1}}},
        "State":{"type":"object","required":["subject","as_of","partition","state"],"properties":{
            "subject":{"$ref":"#/components/schemas/Subject"},"as_of":{"$ref":"#/components/schemas/Offset"},
            "partition":{"type":"integer","minimum":0},
            "state":{"type":"object","required":["applied_count","stream_counts","flags","in_flight_effects","last_event","digest","history"],"properties":{
                "applied_count":{"type":"integer","minimum":0},
                "stream_counts":{"type":"object","additionalProperties":{"type":"integer"}},
                "flags":{"type":"object","additionalProperties":{"const":true}},
                "in_flight_effects":{"type":"object","additionalProperties":{"type":"string","enum":["started","progress"]}},
                "last_event":{"oneOf":[{"type":"null"},{"$ref":"#/components/schemas/Application"}]},
                "digest":{"type":"string"},
                "history":{"type":"array","maxItems":100,"items":{"$ref":"#/components/schemas/Application"},"description":"Newest first."}}}}},
        "Trace":{"type":"object","required":["subject","as_of","id","complete","signals"],"properties":{
            "subject":{"$ref":"#/components/schemas/Subject"},"as_of":{"$ref":"#/components/schemas/Offset"},
            "id":{"type":"string"},
            "complete":{"type":"boolean","description":"False if the conversation or the trace is too long to show completely."},
            "signals":{"type":"array","minItems":1,"items":{"type":"object","required":["depth","offset","time","type","id"],"properties":{
                "depth":{"type":"integer","description":"Negative for causes, 0 for the signal itself, positive for consequences."},
                "offset":{"$ref":"#/components/schemas/Offset"},"time":{"type":"string","format":"date-time"},
                "type":{"type":"string"},"id":{"type":"string"},"causationid":{"type":"string"},
                "applied":{"type":"object","required":["offset","time","apply_order"]},
                "dead_letter":{"type":"object","required":["reason","time"]}}}}}},
        "Conversations":{"type":"object","required":["conversations"],"properties":{
            "conversations":{"type":"array","items":{"type":"object","required":["subject","partition","offset","last_activity"],"properties":{
                "subject":{"$ref":"#/components/schemas/Subject"},"partition":{"type":"integer","minimum":0},
                "offset":{"$ref":"#/components/schemas/Offset"},
                "last_activity":{"type":"string","format":"date-time"}}}},
            "unreadable_shards":{"$ref":"#/components/schemas/UnreadableShards"},
            "next":{"$ref":"#/components/schemas/Next"}}},
        "Effects":{"type":"object","required":["effects"],"properties":{
            "effects":{"type":"array","items":{"type":"object","required":["subject","effect_id","class","kind","state","attempt","cause","cause_offset","ordered_at"],"properties":{
                "subject":{"$ref":"#/components/schemas/Subject"},"effect_id":{"type":"string"},
                "class":{"type":"string","enum":["llm","tool","timer"]},"kind":{"type":"string"},
                "state":{"type":"string","enum":["waiting","running","retrying","timer","awaiting_consent"]},
                "attempt":{"type":"integer","minimum":0,"description":"The latest attempt that has started; 0 before the first."},
                "cause":{"type":"string","description":"The id of the signal that ordered it."},
                "cause_offset":{"$ref":"#/components/schemas/Offset"},
                "ordered_at":{"type":"string","format":"date-time","description":"When that signal was recorded."},
                "due_at":{"type":"string","format":"date-time","description":"When a timer fires or the next attempt may start."},
                "tool_name":{"type":"string","description":"Of a tool call."},"tool_call_id":{"type":"string"},
                "arguments":{"type":"string","description":"Of a tool call, as the model wrote them; the first 4,096 bytes."},
                "arguments_bytes":{"type":"integer","minimum":4097,"description":"The length of arguments that are cut."}}}},
            "unreadable_shards":{"$ref":"#/components/schemas/UnreadableShards"},
            "next":{"$ref":"#/components/schemas/Next"}}}
        }
        """#

    /// The schema of a view's answer.
    static func schemaName(_ view: QueryView) -> String {
        switch view {
        case .timeline: "Timeline"
        case .context: "Context"
        case .events: "Events"
        case .state: "State"
        case .trace: "Trace"
        case .conversations: "Conversations"
        case .effects: "Effects"
        }
    }
}
