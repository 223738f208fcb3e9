import Signals

/// One line of a conversation as its participants see it.
public struct TimelineEntry: ProjectionRow {
    public enum Kind: String, Sendable {
        case message, delta, status
        /// A tool call that needs approval.
        case approval
    }

    /// The progress of an answer or an approval request.
    public enum State: String, Sendable, CaseIterable {
        /// The answer is being written.
        case open
        /// The answer waits for its next attempt, the tool call for a person.
        case waiting
        case completed, failed, canceled
        /// The tool call was approved, denied or canceled.
        case decided
    }

    public enum Role: String, Sendable {
        case user, assistant, tool
    }

    /// The id of the event that the entry was made from, the first one of several. Nil only if its source has none.
    public var eventID: String?
    /// The ids of all events that the entry was made from, each once, if deltas were joined.
    public var eventIDs: [String]?
    public var kind: Kind
    public var role: Role
    /// The tool's name. Only in the shape `answers`.
    public var name: String?
    /// Of answers and approval requests. Only in the shape `answers`.
    public var state: State?
    /// Why an answer failed, was canceled or waits, for people. Only in the shape `answers`.
    public var reason: String?
    /// A user's content as the producer sent it, anything else as text.
    public var content: ProjectedValue
    public var outputID: ProjectedValue
    public var channel: ProjectedValue
    /// A JSON object; for joined deltas that of the first.
    public var metadata: [UInt8]

    public init(
        eventID: String?, eventIDs: [String]? = nil, kind: Kind, role: Role, content: ProjectedValue,
        outputID: ProjectedValue = .none, channel: ProjectedValue = .none, metadata: [UInt8] = Array("{}".utf8)
    ) {
        self.eventID = eventID
        self.eventIDs = eventIDs
        self.kind = kind
        self.role = role
        self.content = content
        self.outputID = outputID
        self.channel = channel
        self.metadata = metadata
    }

    /// The type of the events that such entries are made from; for an answer the type of its newest change.
    public var type: String {
        switch role {
        case .user: SignalType.messageReceived
        case .tool: kind == .approval ? SignalType.toolApprovalRequested : SignalType.toolStatus
        case .assistant:
            switch state {
            case .open: SignalType.assistantDelta
            case .waiting: SignalType.assistantWaiting
            case .failed: SignalType.assistantFailed
            case .canceled: SignalType.assistantCanceled
            case .completed, .decided: SignalType.assistantCompleted
            case nil: kind == .delta ? SignalType.assistantDelta : SignalType.assistantCompleted
            }
        }
    }

    public func append(to bytes: inout [UInt8]) {
        JSONWriter.append(raw: "{\"event_id\":", to: &bytes)
        ProjectedValue(eventID).append(to: &bytes)
        if let eventIDs {
            JSONWriter.append(raw: ",\"event_ids\":[", to: &bytes)
            for (index, id) in eventIDs.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                JSONWriter.append(string: id, to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        }
        JSONWriter.append(raw: ",\"type\":", to: &bytes)
        JSONWriter.append(string: type, to: &bytes)
        JSONWriter.append(raw: ",\"kind\":", to: &bytes)
        JSONWriter.append(string: kind.rawValue, to: &bytes)
        JSONWriter.append(raw: ",\"role\":", to: &bytes)
        JSONWriter.append(string: role.rawValue, to: &bytes)
        let details: [(member: StaticString, text: String?)] = [
            (",\"name\":", name), (",\"state\":", state?.rawValue), (",\"reason\":", reason),
        ]
        for (member, text) in details {
            guard let text else { continue }
            JSONWriter.append(raw: member, to: &bytes)
            JSONWriter.append(string: text, to: &bytes)
        }
        JSONWriter.append(raw: ",\"content\":", to: &bytes)
        content.append(to: &bytes)
        JSONWriter.append(raw: ",\"output_id\":", to: &bytes)
        outputID.append(to: &bytes)
        JSONWriter.append(raw: ",\"channel\":", to: &bytes)
        channel.append(to: &bytes)
        JSONWriter.append(raw: ",\"metadata\":", to: &bytes)
        bytes.append(contentsOf: metadata)
        bytes.append(UInt8(ascii: "}"))
    }
}

extension TimelineEntry {
    /// The entry for an event; nil for all events except users' messages and the three kinds of output.
    public init?(_ event: ProjectionEvent) {
        switch event.type {
        case SignalType.messageReceived: self.init(userMessage: event, event.members)
        case SignalType.assistantDelta:
            let data = event.members
            let metadata = Self.metadata(data, Self.answerMembers)
            self.init(output: event.id, data, .delta, .assistant, data["delta"]?.orNone, metadata)
        case SignalType.assistantCompleted:
            let data = event.members
            let metadata = Self.metadata(data, Self.answerMembers)
            self.init(output: event.id, data, .message, .assistant, data["content"]?.orNone, metadata)
        case SignalType.toolStatus:
            let data = event.members
            let metadata = Self.metadata(data, Self.statusMembers)
            let content = data["message"]?.orNone ?? data["status"]?.orNone
            self.init(output: event.id, data, .status, .tool, content, metadata)
        default: return nil
        }
    }

    /// An approval request: the tool's name, and the arguments as the model wrote them.
    init(request event: ProjectionEvent) {
        let data = event.members
        let metadata = Self.metadata(data, ["effect_id", "tool_name", "tool_call_id"])
        self.init(output: event.id, data, .approval, .tool, data["arguments"]?.orNone, metadata)
        name = Self.toolName(data)
        state = .waiting
    }

    /// The name of the tool that an event is about.
    static func toolName(_ data: JSONObjectView) -> String? {
        data["tool_name"]?.orNone.flatMap { $0.isBlankString ? nil : $0.text }
    }

    /// The user's text, in whichever member the producer put it.
    static func userContent(_ data: JSONObjectView) -> ProjectedValue {
        let said = firstPresent(data["content"], data["text"], data["body"], data["message"])?.orNone
        return said.map(ProjectedValue.init) ?? .text("")
    }

    private init(userMessage event: ProjectionEvent, _ data: JSONObjectView) {
        var metadata = JSONObjectBuilder(reservingCapacity: 64)
        if let messageID = data["message_id"] {
            metadata.add("message_id", json: messageID.raw)
        } else {
            metadata.add("message_id", json: "null".utf8)
        }
        self.init(
            eventID: event.id, kind: .message, role: .user, content: Self.userContent(data),
            channel: ProjectedValue(data["ingress"]), metadata: metadata.finish())
    }

    private init(
        output id: String, _ data: JSONObjectView, _ kind: Kind, _ role: Role, _ content: JSONSlice?,
        _ metadata: [UInt8]
    ) {
        self.init(
            eventID: id, kind: kind, role: role, content: .text(content?.text ?? ""),
            outputID: ProjectedValue(data["output_id"]), channel: ProjectedValue(data["channel"]), metadata: metadata)
    }

    private static let answerMembers: [StaticString] = [
        "effect_id", "lifecycle", "status", "attempt", "sequence", "backend", "provider", "model", "finish_reason",
    ]

    private static let statusMembers: [StaticString] = [
        "effect_id", "lifecycle", "status", "tool_name", "tool_call_id", "tool_event", "backend", "provider", "model",
    ]

    /// The named members, unless they are null, and `usage` and `metadata` if they are non-empty objects.
    static func metadata(_ data: JSONObjectView, _ names: [StaticString]) -> [UInt8] {
        var metadata = JSONObjectBuilder(reservingCapacity: 128)
        for name in names {
            if let value = data[name], value.kind != .null { metadata.add(name, json: value.raw) }
        }
        for name: StaticString in ["usage", "metadata"] {
            if let value = data[name], value.object?.isEmpty == false { metadata.add(name, json: value.raw) }
        }
        return metadata.finish()
    }
}
