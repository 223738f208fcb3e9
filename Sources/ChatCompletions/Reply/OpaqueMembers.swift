import Signals

/// Members of a reply's message or of one of its calls that are kept for the provider, as far as received. See
/// `ProviderMembers`.
struct OpaqueMembers: Sendable {
    private var members: [(key: String, value: JSONValue)] = []

    /// A JSON object; nil if there are none.
    var object: [UInt8]? { members.isEmpty ? nil : JSONValue.object(members).encode() }

    // MARK: Which

    /// Members of a message that concern the model's thoughts: those that servers are known to expect back. Other
    /// unknown members are dropped, because strict servers refuse members that they do not know.
    private static func isKept(inMessage name: String) -> Bool {
        switch name {
        case "reasoning_content": false  // Returned as `ProviderMembers.Reasoning`.
        case "extra_content", "provider_specific_fields", "encrypted_content", "signature": true
        default:
            name.hasPrefix("reasoning_") || name.hasPrefix("thinking_") || name.hasPrefix("thought_")
                || name.hasSuffix("_signature")
        }
    }

    /// Keeps the relevant members of a `delta` or a `message`.
    /// - Returns: the number of bytes added.
    mutating func add(ofMessage message: JSONObjectView) -> Int {
        add(message) { Self.isKept(inMessage: $0) }
    }

    /// Keeps the members of a call, or of a fragment of one, that OpenAI's format does not have.
    /// - Returns: the number of bytes added.
    mutating func add(ofCall call: JSONObjectView) -> Int {
        var bytes = add(call) { !["id", "type", "index", "function"].contains($0) }
        if let function = call["function"]?.object {
            var more = OpaqueMembers()
            bytes += more.add(function) { !["name", "arguments"].contains($0) }
            if !more.members.isEmpty { join("function", .object(more.members)) }
        }
        return bytes
    }

    private mutating func add(_ object: JSONObjectView, where isKept: (String) -> Bool) -> Int {
        var bytes = 0
        for member in object.members {
            let name = object.key(member)
            guard isKept(name) else { continue }
            let slice = object.value(member)
            // The scanner has already checked the value.
            guard slice.kind != .null, let value = try? JSONValue(Array(slice.raw)) else { continue }
            bytes += slice.raw.count
            join(name, value)
        }
        return bytes
    }

    // MARK: Joining fragments

    private mutating func join(_ name: String, _ value: JSONValue) {
        guard let index = members.firstIndex(where: { $0.key == name }) else {
            members.append((name, value))
            return
        }
        members[index].value = Self.joined(members[index].value, value)
    }

    /// Combines two fragments of one member in a stream: lists grow, objects are joined member by member, and for other
    /// values the newer one counts.
    private static func joined(_ old: JSONValue, _ new: JSONValue) -> JSONValue {
        switch (old, new) {
        case (.array(let elements), .array(let more)):
            .array(more.reduce(into: elements) { append($1, to: &$0) })
        case (.object(let members), .object(let more)):
            .object(
                more.reduce(into: members) { members, member in
                    if member.value.isNull { return }
                    if let index = members.firstIndex(where: { $0.key == member.key }) {
                        members[index].value = joined(members[index].value, member.value)
                    } else {
                        members.append(member)
                    }
                })
        default: new
        }
    }

    /// A list's element may also arrive in fragments (OpenRouter's `reasoning_details`, LiteLLM's `thinking_blocks`).
    private static func append(_ element: JSONValue, to elements: inout [JSONValue]) {
        guard let place = place(of: element, in: elements), case .object(var members) = elements[place],
            case .object(let more) = element
        else {
            elements.append(element)
            return
        }
        for member in more where !member.value.isNull {
            guard let index = members.firstIndex(where: { $0.key == member.key }) else {
                members.append(member)
                continue
            }
            if texts.contains(member.key), let text = members[index].value.string, let next = member.value.string {
                members[index].value = .string(text + next)
            } else if member.value.string?.isEmpty != true {
                members[index].value = member.value
            }
        }
        elements[place] = .object(members)
    }

    private static let texts: Set<String> = ["text", "thinking", "summary", "data"]

    /// The element to which a fragment belongs: the one of its type with its index. Without an index it is the last
    /// one, unless that already has its signature, which ends a block.
    private static func place(of fragment: JSONValue, in elements: [JSONValue]) -> Int? {
        guard let type = fragment["type"]?.string else { return nil }
        if let index = fragment["index"] {
            return elements.lastIndex { $0["type"]?.string == type && $0["index"] == index }
        }
        guard let last = elements.last, last["type"]?.string == type,
            last["signature"]?.string.map(\.isEmpty) ?? true
        else { return nil }
        return elements.count - 1
    }
}
