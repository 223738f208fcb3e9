import Signals

/// The output for users that follows from an effect's lifecycle signal. Values keep their spelling.
///
/// One rule holds everywhere: of several places for a value, the first counts that contains neither null nor a blank
/// string (`firstPresent`). A false counts as a value there, but yields to a later default.
struct EffectOutputs {
    private let signal: Signal
    private let data: JSONObjectView
    private let result: JSONObjectView
    private let metadata: JSONObjectView
    private let resultMetadata: JSONObjectView
    private let effectID: JSONText.Piece

    init(signal: Signal, data: JSONObjectView) {
        self.signal = signal
        self.data = data
        result = data["result"]?.object ?? .empty
        metadata = data["metadata"]?.object ?? .empty
        resultMetadata = result["metadata"]?.object ?? .empty
        effectID = data["effect_id"]?.orNone.map { .slice($0) } ?? .text(signal.id)
    }

    func directives() -> [Directive] {
        if signal.source == Signal.effectSource, let outputs = ownOutputs() {
            return outputs.map(Directive.emitOutput)
        }
        switch signal.type {
        case SignalType.generationProgress:
            return [assistantDelta(), toolStatusOfGeneration("progress")].compactMap(\.self).map(Directive.emitOutput)
        case SignalType.generationCompleted:
            return [assistantCompleted(), toolStatusOfGeneration("completed")].compactMap(\.self)
                .map(Directive.emitOutput)
        case SignalType.executionStarted: return [.emitOutput(toolStatusOfExecution("started"))]
        case SignalType.executionProgress: return [.emitOutput(toolStatusOfExecution("progress"))]
        case SignalType.executionCompleted: return [.emitOutput(toolStatusOfExecution("completed"))]
        case SignalType.executionFailed: return [.emitOutput(toolStatusOfExecution("failed"))]
        case SignalType.executionCanceled: return [.emitOutput(toolStatusOfExecution("canceled"))]
        default: return []
        }
    }

    // MARK: Convey's own generations

    /// The output of a generation that Convey runs itself, if it differs from that of a reported one: a blank delta is
    /// text, and every kind of end has an output. Nil if it is the same.
    private func ownOutputs() -> [Output]? {
        switch signal.type {
        case SignalType.generationStarted:
            return data["reset"]?.kind == .true
                ? [assistantEvent(SignalType.assistantReset, "reset", carrying: [])] : []
        case SignalType.generationProgress:
            if let thinking = data["thinking"], thinking.kind == .string {
                var members = generationMembers(lifecycle: .text("progress"))
                members.set("delta", .slice(thinking))
                return [output(SignalType.assistantThinking, id: "assistant-\(effectID.text)", members)]
            }
            guard let delta = data["delta"], delta.kind == .string else { return [] }
            var members = generationMembers(lifecycle: .text("progress"))
            members.set("delta", .slice(delta))
            return [output(SignalType.assistantDelta, id: "assistant-\(effectID.text)", members)]
        case SignalType.generationCompleted:
            // A generation that only calls tools has nothing to show; the answer follows after the calls.
            let calls = ToolCall.list(data["tool_calls"])
            return !calls.isEmpty && data["content"]?.isBlankString ?? true ? [] : nil
        case SignalType.generationFailed:
            let members: [StaticString] = ["category", "code", "message", "content"]
            return [assistantEvent(SignalType.assistantFailed, "failed", carrying: members)]
        case SignalType.generationCanceled:
            return [assistantEvent(SignalType.assistantCanceled, "canceled", carrying: ["reason", "content"])]
        default: return nil
        }
    }

    private func assistantEvent(_ type: String, _ lifecycle: String, carrying names: [StaticString]) -> Output {
        var members = generationMembers(lifecycle: .text(lifecycle))
        for name in names { members.set(name, notNull(data[name])) }
        return output(type, id: "assistant-\(effectID.text)", members)
    }

    // MARK: Language model

    private func assistantDelta() -> Output? {
        let delta = firstPresent(data["token_delta"], data["delta"], result["delta"], result["text"])
        guard let delta, delta.kind == .string else { return nil }
        var members = generationMembers(lifecycle: orDefault(data["lifecycle"], "progress"))
        members.set("delta", .slice(delta))
        return output(SignalType.assistantDelta, id: "assistant-\(effectID.text)", members)
    }

    private func assistantCompleted() -> Output {
        // A result that is an object is shown as its JSON text; any other result but a string is not shown.
        let resultText: JSONText.Piece? =
            switch data["result"] {
            case .some(let result) where result.kind == .string && !result.isBlankString: .slice(result)
            case .some(let result) where result.kind == .object: .text(String(decoding: compact(result), as: UTF8.self))
            case .some, .none: nil
            }
        let chosen = firstPresent(data["content"], result["text"], result["summary"])
        // An answer with explicitly blank text shows nothing. `completed` replaces the text of one that lacks the member.
        let isEmpty = signal.source == Signal.effectSource || data["content"]?.isBlankString == true
        let standard = JSONText.Piece.text(isEmpty ? "" : "completed")
        let content: JSONText.Piece
        if let chosen {
            content = chosen.orNone.map { .slice($0) } ?? standard
        } else {
            content = resultText ?? standard
        }
        var members = generationMembers(lifecycle: orDefault(data["lifecycle"], "completed"))
        members.set("content", content)
        return output(SignalType.assistantCompleted, id: "assistant-\(effectID.text)", members)
    }

    /// The status of a tool that the model's provider runs itself; nil if the signal has none.
    private func toolStatusOfGeneration(_ lifecycle: String) -> Output? {
        let name = firstPresent(data["tool_name"], result["tool_name"], resultMetadata["tool_name"])
        let callID = firstPresent(data["tool_call_id"], result["tool_call_id"], resultMetadata["tool_call_id"])
        let event = firstPresent(data["tool_event"], result["tool_event"], resultMetadata["tool_event"])
        let status = firstPresent(data["tool_status"], result["tool_status"], resultMetadata["tool_status"], event)
        let message = firstPresent(
            data["tool_message"], result["tool_message"], resultMetadata["tool_message"], data["message"],
            data["reason"], status)
        let tells = [name, callID, event, status].contains { value in
            value.map { $0.object?.isEmpty != true } ?? false
        }
        guard tells else { return nil }
        var members = generationMembers(lifecycle: .text(lifecycle))
        members.set("status", orDefault(status, lifecycle))
        members.set("message", orDefault(message, lifecycle))
        members.set("tool_name", name.map(JSONText.Piece.slice))
        members.set("tool_call_id", callID.map(JSONText.Piece.slice))
        members.set("tool_event", event.map(JSONText.Piece.slice))
        let id: JSONText.Piece = callID?.orNone.map { .slice($0) } ?? effectID
        return output(SignalType.toolStatus, id: "tool-\(id.text)", members)
    }

    private func generationMembers(lifecycle: JSONText.Piece) -> OutputMembers {
        var members = OutputMembers()
        members.set("effect_id", effectID)
        members.set("lifecycle", lifecycle)
        members.set("status", firstPresent(data["status"], result["status"]).map(JSONText.Piece.slice) ?? lifecycle)
        for name: StaticString in ["attempt", "sequence"] { members.set(name, notNull(data[name])) }
        for name: StaticString in ["backend", "provider", "model"] {
            let value = firstPresent(data[name], result[name], metadata[name], resultMetadata[name])
            members.set(name, value.map(JSONText.Piece.slice))
        }
        members.set(
            "finish_reason", firstPresent(data["finish_reason"], result["finish_reason"]).map(JSONText.Piece.slice))
        if case .slice(let usage) = notNull(data["usage"]) ?? notNull(result["usage"]), usage.object?.isEmpty == false {
            members.set("usage", .slice(usage))
        }
        if !metadata.isEmpty || !resultMetadata.isEmpty {
            let merged = mergedMetadata()
            if merged.count > 2 { members.set("metadata", .raw(merged)) }
        }
        return members
    }

    /// The signal's metadata overridden by the result's, without values that have their own member: a JSON object.
    private func mergedMetadata() -> [UInt8] {
        var names: [String] = []
        var values: [JSONSlice] = []
        for view in [metadata, resultMetadata] {
            for member in view.members {
                let name = view.key(member)
                if let index = names.firstIndex(of: name) {
                    values[index] = view.value(member)
                } else if name != "backend", name != "provider", name != "model" {
                    names.append(name)
                    values.append(view.value(member))
                }
            }
        }
        var bytes: [UInt8] = [UInt8(ascii: "{")]
        for (name, value) in zip(names, values) {
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            JSONWriter.append(string: name, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            bytes.append(contentsOf: value.raw)
        }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    // MARK: Tools

    private func toolStatusOfExecution(_ lifecycle: String) -> Output {
        let status = orDefault(firstPresent(data["status"]), lifecycle)
        let message = firstPresent(data["tool_message"], data["message"], data["reason"])
        var members = OutputMembers()
        members.set("effect_id", effectID)
        members.set("lifecycle", .text(lifecycle))
        members.set("status", status)
        members.set("message", message.map(JSONText.Piece.slice) ?? status)
        members.set("tool_name", notNull(data["tool_name"]))
        members.set("tool_call_id", notNull(data["tool_call_id"]))
        return output(SignalType.toolStatus, id: "tool-\(effectID.text)", members)
    }

    // MARK: Choosing values

    /// The value, unless it is missing, null, blank or false.
    private func orDefault(_ value: JSONSlice?, _ standard: String) -> JSONText.Piece {
        guard let value = firstPresent(value)?.orNone else { return .text(standard) }
        return .slice(value)
    }

    private func notNull(_ value: JSONSlice?) -> JSONText.Piece? {
        value.flatMap { $0.kind == .null ? nil : .slice($0) }
    }

    private func compact(_ value: JSONSlice) -> [UInt8] {
        // The slice is valid JSON: it was scanned with the data around it.
        (try? JSONValue(Array(value.raw)))?.encode() ?? Array(value.raw)
    }

    private func output(_ type: String, id: String, _ members: OutputMembers) -> Output {
        let channel = firstPresent(data["channel"], data["ingress"]).map { Array($0.raw) }
        return Output(type: type, outputID: id, channel: channel ?? Array("\"primary\"".utf8), data: members.encode())
    }
}
