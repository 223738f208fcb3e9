import Signals

extension ConversationState {
    /// The state as readable JSON; the same state gives the same bytes.
    public func encode() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        JSONWriter.append(raw: "{\"applied_count\":", to: &bytes)
        JSONWriter.append(integer: appliedCount, to: &bytes)
        JSONWriter.append(raw: ",\"stream_counts\":", to: &bytes)
        let families = Family.allCases.map { ($0.name, counts[$0]) } + [("unknown", counts[nil])]
        Self.append(families.filter { $0.1 > 0 }, to: &bytes) { JSONWriter.append(integer: $0, to: &$1) }
        JSONWriter.append(raw: ",\"flags\":", to: &bytes)
        let names = Flags.names.filter { flags.contains($0.flag) }.map { ($0.name, true) }
        Self.append(names, to: &bytes) { _, bytes in JSONWriter.append(raw: "true", to: &bytes) }
        JSONWriter.append(raw: ",\"in_flight_effects\":", to: &bytes)
        let effects = inFlight.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { ($0.key, $0.value) }
        Self.append(effects, to: &bytes) { JSONWriter.append(string: $0.rawValue, to: &$1) }
        JSONWriter.append(raw: ",\"last_event\":", to: &bytes)
        if let lastEvent { lastEvent.append(to: &bytes) } else { JSONWriter.append(raw: "null", to: &bytes) }
        if let toolLoop {
            JSONWriter.append(raw: ",\"tool_loop\":", to: &bytes)
            toolLoop.append(to: &bytes)
        }
        JSONWriter.append(raw: ",\"digest\":", to: &bytes)
        // As text: few JSON readers keep all 64 bits of a number.
        JSONWriter.append(string: String(digest, radix: 16), to: &bytes)
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    /// Reads what `encode` wrote.
    public init(decoding bytes: [UInt8]) throws(ConversationStateError) {
        let json: JSONValue
        do { json = try JSONValue(bytes) } catch { throw .notJSON(error) }
        self.init()
        appliedCount = try Self.number(json, "applied_count")
        for (name, value) in json["stream_counts"]?.object ?? [] {
            let family = Family.allCases.first { $0.name == name }
            guard family != nil || name == "unknown", case .integer(let text) = value, let count = UInt64(text) else {
                throw .invalid(member: "stream_counts")
            }
            counts[family] = count
        }
        for (name, value) in json["flags"]?.object ?? [] where value.bool != false {
            guard value.bool == true, let known = Flags.names.first(where: { $0.name == name }) else {
                throw .invalid(member: "flags")
            }
            flags.insert(known.flag)
        }
        for (id, value) in json["in_flight_effects"]?.object ?? [] {
            guard let progress = value.string.flatMap(EffectProgress.init(rawValue:)) else {
                throw .invalid(member: "in_flight_effects")
            }
            inFlight[id] = progress
        }
        if let event = json["last_event"], !event.isNull { lastEvent = try Event(event) }
        if let loop = json["tool_loop"] { toolLoop = try ToolLoop(loop) }
        guard let digest = json["digest"]?.string.flatMap({ UInt64($0, radix: 16) }) else {
            throw .invalid(member: "digest")
        }
        self.digest = digest
    }

    static func number(_ json: JSONValue, _ name: String) throws(ConversationStateError) -> UInt64 {
        guard case .integer(let text)? = json[name], let number = UInt64(text) else { throw .invalid(member: name) }
        return number
    }

    private static func append<Value>(
        _ members: [(String, Value)], to bytes: inout [UInt8], _ value: (Value, inout [UInt8]) -> Void
    ) {
        bytes.append(UInt8(ascii: "{"))
        for (index, member) in members.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            JSONWriter.append(string: member.0, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            value(member.1, &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }
}

extension ConversationState.Event {
    /// Appends `{"id":…,"type":…,"priority":…,"seq":…}`.
    func append(to bytes: inout [UInt8]) {
        JSONWriter.append(raw: "{\"id\":", to: &bytes)
        JSONWriter.append(string: id, to: &bytes)
        JSONWriter.append(raw: ",\"type\":", to: &bytes)
        JSONWriter.append(string: type, to: &bytes)
        JSONWriter.append(raw: ",\"priority\":", to: &bytes)
        JSONWriter.append(integer: priority.rawValue, to: &bytes)
        JSONWriter.append(raw: ",\"seq\":", to: &bytes)
        JSONWriter.append(integer: offset, to: &bytes)
        bytes.append(UInt8(ascii: "}"))
    }

    init(_ json: JSONValue) throws(ConversationStateError) {
        guard let id = json["id"]?.string, let type = json["type"]?.string else {
            throw .invalid(member: "last_event")
        }
        let number = try ConversationState.number(json, "priority")
        guard let priority = UInt8(exactly: number).flatMap(Priority.init(rawValue:)) else {
            throw .invalid(member: "priority")
        }
        guard let offset = Int64(exactly: try ConversationState.number(json, "seq")) else {
            throw .invalid(member: "seq")
        }
        self.init(id: id, type: type, priority: priority, offset: offset)
    }
}

extension ConversationView {
    /// The state with its history (newest first) as readable JSON, for queries.
    public func encode() -> [UInt8] {
        var bytes = state.encode()
        bytes.removeLast()
        JSONWriter.append(raw: ",\"history\":[", to: &bytes)
        for (index, event) in history.newestFirst.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            event.append(to: &bytes)
        }
        JSONWriter.append(raw: "]}", to: &bytes)
        return bytes
    }
}
