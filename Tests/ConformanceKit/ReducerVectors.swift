import Conversation
import Signals

enum ReducerVectors {
    static func check(_ row: JSONValue, _ check: inout RowCheck) {
        guard let steps = row["steps"]?.array, let conversation = row["conversation_id"]?.string else {
            check.differ("row", expected: "conversation_id and steps", got: row.description)
            return
        }
        var view = ConversationView()
        for (index, step) in steps.enumerated() {
            guard let input = step["signal"], let type = input["type"]?.string, let id = input["id"]?.string,
                let priority = step["priority"]?.int.flatMap({ UInt8(exactly: $0).flatMap(Priority.init(rawValue:)) })
            else {
                check.differ("step \(index)", expected: "signal and priority", got: step.description)
                return
            }
            let signal = Signal(
                id: id, source: "/vectors", type: type, subject: input["subject"]?.string ?? "default",
                data: (input["data"] ?? .null).encode())
            let directives = Reducer.apply(
                signal, priority: priority, offset: Int64(step["scheduler_seq"]?.int ?? 0), recordHash: 0,
                to: &view.state)
            if let event = view.state.lastEvent { view.history.push(event) }
            check.compare("step \(index) state", step["state"]?.without("conversation_id"), state(view))
            compare("step \(index)", step, directives, signal, conversation: conversation, &check)
        }
    }

    private static func state(_ view: ConversationView) -> JSONValue {
        JSONValue.parsed(view.encode()).without("digest")
    }

    private static func compare(
        _ what: String, _ step: JSONValue, _ directives: [Directive], _ signal: Signal, conversation: String,
        _ check: inout RowCheck
    ) {
        let expected = step["directives"]?.array ?? []
        check.compare("\(what) number of directives", .number(expected.count), .number(directives.count))
        for (index, (expected, directive)) in zip(expected, directives).enumerated() {
            let what = "\(what) directive \(index)"
            check.compare("\(what) type", expected["type"], name(directive))
            check.compare("\(what) cause_id", expected["cause_id"], signal.id)
            var wanted = expected["payload"]?.without("simulate") ?? .null
            var got = payload(directive, step, signal, conversation: conversation)
            // The recording system shows an object as its own language's notation, where we show JSON.
            if step["uses_elixir_inspect"]?.bool == true, let data = wanted["data"],
                let content = data["content"]?.string,
                content.hasPrefix("%{")
            {
                wanted = wanted.setting("data", data.without("content"))
                got = got.setting("data", (got["data"] ?? .null).without("content"))
                check.notComparable += 1
            }
            check.compare("\(what) payload", wanted, got)
        }
    }

    /// A directive as the vectors name it.
    private static func name(_ directive: Directive) -> String {
        switch directive {
        case .emitAppliedMarker: "emit_applied_marker"
        case .startEffect: "start_effect"
        case .cancelEffects: "cancel_effects"
        case .emitOutput: "emit_output"
        case .decide: "decide"
        case .retryAnswer: "retry_answer"
        case .cancelEffect: "cancel_effect"
        }
    }

    private static func payload(
        _ directive: Directive, _ step: JSONValue, _ signal: Signal, conversation: String
    ) -> JSONValue {
        switch directive {
        // The engine fills it in, from the signal and its place.
        case .emitAppliedMarker:
            .object([
                ("applied_event_id", .string(signal.id)), ("original_type", .string(signal.type)),
                ("subject", .string(signal.subject)), ("priority", step["priority"] ?? .null),
                ("partition_id", step["partition_id"] ?? .null), ("scheduler_seq", step["scheduler_seq"] ?? .null),
            ])
        case .startEffect(let start):
            .object([
                ("effect_id", .string(start.effectID)), ("conversation_id", .string(signal.subject)),
                ("class", .string(start.effectClass.rawValue)), ("kind", .string(start.kind)),
                ("input", .parsed(start.input)), ("policy", start.policy.map(JSONValue.parsed) ?? .array([])),
            ])
        case .cancelEffects(let reason):
            .object([("conversation_id", .string(conversation)), ("reason", .string(reason))])
        case .emitOutput(let output):
            .object([
                ("conversation_id", .string(signal.subject)), ("output_type", .string(output.type)),
                ("output_id", .string(output.outputID)), ("channel", .parsed(output.channel)),
                ("source", .string("/runtime/projections")), ("data", .parsed(output.data)),
            ])
        // The reference knows neither.
        case .decide, .retryAnswer, .cancelEffect: .object([])
        }
    }
}
