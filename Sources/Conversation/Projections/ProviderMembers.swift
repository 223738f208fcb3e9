import Signals

/// Members of a reply that only its provider understands: signatures of its model's thoughts (Gemini's
/// `extra_content`), its reasoning (DeepSeek's `reasoning_content`, OpenRouter's `reasoning_details`). Convey does not
/// interpret them. It records them with the answer and returns them unchanged to the provider of this name and to no
/// other.
public struct ProviderMembers: Sendable, Equatable {
    /// Reasoning that is returned as text.
    public struct Reasoning: Sendable, Equatable {
        /// The member in which it arrived and is returned.
        public var member: String
        /// May be empty: DeepSeek expects the member back all the same.
        public var text: String

        public init(member: String, text: String) {
            self.member = member
            self.text = text
        }

        /// The names under which servers send it.
        public static let members: [StaticString] = ["reasoning_content", "reasoning"]
    }

    /// The name of the provider that answered, in the settings.
    public var provider: String
    /// Further members of the assistant's message, a JSON object.
    public var message: [UInt8]
    public var reasoning: Reasoning?

    /// - Parameter message: a JSON object.
    public init(provider: String, message: [UInt8] = Array("{}".utf8), reasoning: Reasoning? = nil) {
        self.provider = provider
        self.message = message
        self.reasoning = reasoning
    }

    /// Reads the data of a generation's end: `provider`, `provider_members`, and `thinking` under the name
    /// `reasoning_member`. Nil if it names no provider.
    init?(_ data: JSONObjectView) {
        guard let provider = data["provider"]?.string else { return nil }
        self.init(provider: provider)
        if let members = data["provider_members"]?.object {
            message = Self.object(members, without: Self.messageNames)
        }
        if let name = data["reasoning_member"]?.string,
            Reasoning.members.contains(where: { $0.description == name })
        {
            reasoning = Reasoning(member: name, text: data["thinking"]?.string ?? "")
        }
    }

    var textBytes: Int { provider.utf8.count + message.count + (reasoning?.text.utf8.count ?? 0) }

    /// Names reserved by requests. Other programs may publish the end of a generation, so these names are filtered out.
    private static let messageNames: Set<String> = [
        "role", "content", "refusal", "name", "tool_calls", "tool_call_id", "function_call", "reasoning_content",
        "reasoning",
    ]
    private static let callNames: Set<String> = ["id", "type", "index"]
    private static let functionNames: Set<String> = ["name", "arguments"]

    /// Further members of a tool call, with those of its `function` in a member of that name; nil if there are none.
    static func ofCall(_ members: JSONSlice?) -> [UInt8]? {
        guard let members = members?.object, !members.isEmpty else { return nil }
        var value = JSONObjectBuilder()
        if let function = members["function"]?.object {
            value.add("function", json: object(function, without: functionNames))
        }
        value.addMembers(of: object(members, without: callNames.union(["function"])))
        return value.finish()
    }

    private static func object(_ members: JSONObjectView, without names: Set<String>) -> [UInt8] {
        var bytes = [UInt8(ascii: "{")]
        for member in members.members {
            let name = members.key(member)
            guard !names.contains(name) else { continue }
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            JSONWriter.append(string: name, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            bytes.append(contentsOf: members.value(member).raw)
        }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }
}
