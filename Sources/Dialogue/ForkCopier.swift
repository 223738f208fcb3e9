import Signals

/// Creates the signals of a fork from the events of its source. A pure value; pass events in record order.
package struct ForkCopier {
    /// A signal to publish to the ingest topic.
    package struct Copy: Equatable {
        package var id: String
        /// A structured CloudEvent.
        package var payload: [UInt8]
    }

    package static let source = "/convey/fork"

    private let from: String
    private let subject: String
    private let end: Int64
    /// Ids copied so far: a cause among them keeps its meaning.
    private var ids: Set<ExactText> = []
    /// Effects without an end, in the order of their first signal.
    private var inFlight: [(id: String, type: String, attempt: String)] = []
    /// Effects of tool calls that ask for approval, in the order of their requests.
    private var asking: [(id: String, data: JSONObjectView)] = []

    /// - Parameters:
    ///   - from: the conversation to copy from.
    ///   - end: the last offset to copy.
    ///   - subject: the new conversation.
    package init(from: String, through end: Int64, subject: String) {
        self.from = from
        self.end = end
        self.subject = subject
    }

    /// The copy of an event; nil for markers, which the new conversation creates itself, and for events after the end.
    package mutating func copy(_ event: JSONSlice) -> Copy? {
        guard let envelope = event.object, let id = envelope["id"]?.string, let type = envelope["type"]?.string,
            let family = Family(type: type), family != .applied,
            let offset = envelope["offset"].flatMap({ Int64(String(decoding: $0.raw, as: UTF8.self)) }), offset <= end
        else { return nil }
        var payload: [UInt8] = [UInt8(ascii: "{")]
        for member in envelope.members {
            let name = envelope.key(member)
            let value = envelope.value(member)
            switch name {
            case "subject", "sequence", "partition", "offset", Signal.forkedFrom: continue
            case "causationid":
                guard let cause = value.string, ids.contains(ExactText(cause)) else { continue }
            default: break
            }
            append(name, value.raw, to: &payload)
        }
        addPlace(offset, to: &payload)
        payload.append(UInt8(ascii: "}"))
        ids.insert(ExactText(id))
        let data = envelope["data"]?.object ?? .empty
        if family == .effect { follow(type, data) }
        if type == SignalType.toolApprovalRequested, let effect = data["effect_id"]?.string {
            asking.append((effect, data))
        }
        return Copy(id: id, payload: payload)
    }

    /// End signals for what was open at that offset, for programs and for people; the fork does not continue it.
    package func ends() -> [Copy] {
        let prefix = SignalType.effectPrefix("tool", "execution").dropLast()
        var copies: [Copy] = []
        for effect in inFlight {
            copies.append(endSignal(effect.id, effect.type, attempt: effect.attempt, JSONObjectView.empty))
            // What follows from a copy was copied, too, so nothing follows from this.
            if let output = output(of: effect.id, effect.type) { copies.append(output) }
        }
        for (effect, request) in asking {
            copies.append(endSignal(effect, String(prefix), attempt: "0", request))
            if let output = output(of: effect, String(prefix)) { copies.append(output) }
        }
        return copies
    }

    private func endSignal(_ effect: String, _ type: String, attempt: String, _ request: JSONObjectView) -> Copy {
        var data = JSONObjectBuilder()
        data.add("effect_id", effect)
        data.add("lifecycle", "canceled")
        data.add("attempt", json: attempt.utf8)
        data.add("reason", "forked")
        for name: StaticString in ["tool_name", "tool_call_id"] {
            if let value = request[name] { data.add(name, json: value.raw) }
        }
        return signal("forked-\(effect)", type + ".canceled", data.finish())
    }

    /// How people see that an answer or a tool call has ended; nil for what they do not see.
    private func output(of effect: String, _ type: String) -> Copy? {
        let isAnswer = SignalType.generationCanceled.hasPrefix(type + ".")
        guard isAnswer || SignalType.executionCanceled.hasPrefix(type + ".") else { return nil }
        var data = JSONObjectBuilder()
        data.add("output_id", "\(isAnswer ? "assistant" : "tool")-\(effect)")
        data.add("channel", "primary")
        data.add("effect_id", effect)
        data.add("lifecycle", "canceled")
        data.add("status", "canceled")
        data.add("reason", "forked")
        if !isAnswer { data.add("message", "forked") }
        return signal(
            "forked-out-\(effect)", isAnswer ? SignalType.assistantCanceled : SignalType.toolStatus, data.finish())
    }

    private func signal(_ id: String, _ type: String, _ data: [UInt8]) -> Copy {
        var object = JSONObjectBuilder()
        object.add("specversion", "1.0")
        object.add("id", id)
        object.add("source", Self.source)
        object.add("type", type)
        object.add("data", json: data)
        var payload = object.finish()
        payload.removeLast()
        addPlace(end, to: &payload)
        payload.append(UInt8(ascii: "}"))
        return Copy(id: id, payload: payload)
    }

    private mutating func follow(_ type: String, _ data: JSONObjectView) {
        guard let id = data["effect_id"]?.string, let lifecycle = data["lifecycle"]?.string else { return }
        inFlight.removeAll { ExactText($0.id) == ExactText(id) }
        // It has been decided.
        asking.removeAll { ExactText($0.id) == ExactText(id) }
        guard ["started", "progress"].contains(lifecycle), let dot = type.lastIndex(of: ".") else { return }
        let attempt = data["attempt"].flatMap { $0.kind == .integer ? String(decoding: $0.raw, as: UTF8.self) : nil }
        inFlight.append((id, String(type[..<dot]), attempt ?? "1"))
    }

    private func addPlace(_ offset: Int64, to payload: inout [UInt8]) {
        var text: [UInt8] = []
        JSONWriter.append(string: subject, to: &text)
        append("subject", text, to: &payload)
        text = []
        JSONWriter.append(string: "\(TopicName.encode(level: from))/\(offset)", to: &text)
        append(Signal.forkedFrom, text, to: &payload)
    }

    private func append(_ name: String, _ value: some Collection<UInt8>, to payload: inout [UInt8]) {
        if payload.count > 1 { payload.append(UInt8(ascii: ",")) }
        JSONWriter.append(string: name, to: &payload)
        payload.append(UInt8(ascii: ":"))
        payload += value
    }
}
