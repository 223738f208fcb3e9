import Signals

/// A model's request to call a tool.
public struct ToolCall: Sendable, Equatable {
    /// The provider's id of the call, which the result repeats. Unique in its message, but not always in the
    /// conversation.
    public var id: String
    public var name: String
    /// The text of a JSON object. Journals of earlier versions and signals from outside may contain any text here: see
    /// `ToolArguments`.
    public var arguments: String
    /// The arguments as the model wrote them, if they are not a JSON object. The call then fails and no tool runs.
    public var unreadableArguments: String?
    /// Further members that the provider expects back, as a JSON object: see `ProviderMembers`. Those of the call's
    /// `function` are in a member of that name.
    public var members: [UInt8]?

    public init(
        id: String, name: String, arguments: String, unreadableArguments: String? = nil, members: [UInt8]? = nil
    ) {
        self.id = id
        self.name = name
        self.arguments = arguments
        self.unreadableArguments = unreadableArguments
        self.members = members
    }

    /// A call as it is recorded and sent with every later request.
    /// - Parameter written: the arguments as the model wrote them, possibly not JSON.
    public init(id: String, name: String, written: String, members: [UInt8]? = nil) {
        let arguments = ToolArguments(written)
        self.init(
            id: id, name: name, arguments: arguments.object, unreadableArguments: arguments.unreadable, members: members
        )
    }
}

// MARK: Reading

extension ToolCall {
    /// Reads what `encode()` writes; nil if the id or the name is missing.
    public init?(decoding bytes: [UInt8]) {
        guard let members = JSONObjectView(bytes), let id = members["id"]?.string, let name = members["name"]?.string
        else { return nil }
        self.init(
            id: id, name: name, arguments: members["arguments"]?.string ?? "{}",
            unreadableArguments: members["unreadable_arguments"]?.string)
    }

    /// The calls in a generation's `tool_calls`: `{"id","name","arguments"}`, or with name and arguments inside
    /// `function`, as OpenAI writes them. Arguments that are not a string count as JSON. A call without an id or a
    /// name, or with the id of an earlier call, cannot be answered and is left out.
    public static func list(_ value: JSONSlice?) -> [ToolCall] {
        var ids: Set<ExactText> = []
        return (value?.elements ?? []).compactMap { element in
            guard let call = element.object, let id = call["id"]?.string, !id.isEmpty else { return nil }
            let function = call["function"]?.object ?? call
            guard let name = function["name"]?.string, !name.isEmpty, ids.insert(ExactText(id)).inserted else {
                return nil
            }
            let arguments = function["arguments"]?.orNone
            return ToolCall(
                id: id, name: name, arguments: arguments?.stringOrSpelling ?? "{}",
                unreadableArguments: call["unreadable_arguments"]?.string,
                members: ProviderMembers.ofCall(call["members"]))
        }
    }
}

// MARK: Writing

extension ToolCall {
    /// Approximate size in memory.
    var textBytes: Int {
        id.utf8.count + name.utf8.count + arguments.utf8.count + (unreadableArguments?.utf8.count ?? 0)
            + (members?.count ?? 0) + 64
    }

    /// Appends `{"id","name","arguments"}`, the call as queries show it.
    func append(to bytes: inout [UInt8]) { bytes.append(contentsOf: shown().finish()) }

    /// `{"id","name","arguments"}`, and `unreadable_arguments` if there are any: the input of the tool's effect.
    public func encode() -> [UInt8] { task().finish() }

    /// The same with `members`: the call as it is recorded.
    public func encodeWithMembers() -> [UInt8] {
        var call = task()
        if let members { call.add("members", json: members) }
        return call.finish()
    }

    private func shown() -> JSONObjectBuilder {
        var call = JSONObjectBuilder(reservingCapacity: 96)
        call.add("id", id)
        call.add("name", name)
        call.add("arguments", arguments)
        return call
    }

    private func task() -> JSONObjectBuilder {
        var call = shown()
        if let unreadableArguments { call.add("unreadable_arguments", unreadableArguments) }
        return call
    }
}
