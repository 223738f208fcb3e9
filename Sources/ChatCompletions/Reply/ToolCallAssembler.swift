import Conversation

/// Puts tool calls together from the fragments in which they are streamed.
struct ToolCallAssembler: Sendable {
    private struct Call {
        var index: Int?
        var id = ""
        var name = ""
        var arguments = ""
    }

    private var calls: [Call] = []

    var count: Int { calls.count }

    /// A call without an id gets one from its position, so that its answer can name it.
    var complete: [ChatToolCall] {
        calls.enumerated().map { position, call in
            ChatToolCall(
                id: call.id.isEmpty ? "call_\(position)" : call.id, name: call.name, arguments: call.arguments)
        }
    }

    /// Adds a fragment: `{"index", "id", "function": {"name", "arguments"}}`, anything of which may be missing.
    /// - Returns: the bytes it added.
    mutating func add(_ fragment: JSONObjectView) -> Int {
        let index = fragment["index"]?.integer
        let id = fragment["id"]?.string ?? ""
        let function = fragment["function"]?.object ?? .empty
        let name = function["name"]?.string ?? ""
        let arguments = function["arguments"]?.argumentText ?? ""
        let at = position(index: index, id: id, name: name)
        if calls[at].id.isEmpty { calls[at].id = id }
        // Some repeat the name in every fragment, some cut it.
        if name != calls[at].name { calls[at].name += name }
        calls[at].arguments += arguments
        return name.utf8.count + arguments.utf8.count + id.utf8.count
    }

    /// The call that a fragment belongs to: the one with its index, unless the fragment has another id (some providers give
    /// all calls the index 0). Without an index it is the last one, unless the fragment begins a call.
    private mutating func position(index: Int?, id: String, name: String) -> Int {
        let found =
            if let index {
                calls.lastIndex { $0.index == index && (id.isEmpty || $0.id.isEmpty || $0.id == id) }
            } else if id.isEmpty {
                name.isEmpty || calls.last?.name.isEmpty == true ? calls.indices.last : nil
            } else {
                calls.lastIndex { $0.id == id }
            }
        if let found { return found }
        calls.append(Call(index: index))
        return calls.count - 1
    }
}

extension JSONSlice {
    /// An integer that fits; nil for everything else.
    var integer: Int? { kind == .integer ? Int(String(decoding: raw, as: UTF8.self)) : nil }

    /// Arguments are JSON in a string; some providers send the JSON itself.
    fileprivate var argumentText: String? {
        switch kind {
        case .string: string
        case .object, .array: String(decoding: raw, as: UTF8.self)
        case .null, .true, .false, .integer, .fraction: nil
        }
    }
}
