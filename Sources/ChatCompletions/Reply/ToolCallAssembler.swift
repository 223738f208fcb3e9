import Conversation

/// Puts tool calls together from the fragments in which they are streamed.
struct ToolCallAssembler: Sendable {
    private struct Call {
        var index: Int?
        var id = ""
        var name = ""
        var arguments = ""
        var members = OpaqueMembers()

        /// What follows a JSON object belongs to another call.
        var isWhole: Bool { arguments.utf8.last == UInt8(ascii: "}") && JSONObjectView(Array(arguments.utf8)) != nil }
    }

    /// What a fragment says; anything of it may be missing.
    private struct Fragment {
        var index: Int?
        var id: String
        var name: String
        var arguments: String

        /// The fragment itself; nil for a `function_call`.
        var call: JSONObjectView?

        init(index: Int?, id: String, function: JSONObjectView, of call: JSONObjectView? = nil) {
            self.index = index
            self.id = id
            self.call = call
            name = function["name"]?.string ?? ""
            arguments = function["arguments"]?.argumentText ?? ""
        }
    }

    private var calls: [Call] = []

    var count: Int { calls.count }

    /// Whether the arguments of each call are a whole JSON object.
    var areWhole: Bool { calls.allSatisfy(\.isWhole) }

    /// A call without an id, or with that of a call before it, gets one from its position, so that its answer can name it.
    var complete: [ChatToolCall] {
        var ids = Set(calls.map { ExactText($0.id) })
        var used: Set<ExactText> = [ExactText("")]
        return calls.enumerated().map { position, call in
            var id = call.id
            if used.contains(ExactText(id)) {
                id = "call_\(position)"
                while !ids.insert(ExactText(id)).inserted { id += "_\(position)" }
            }
            used.insert(ExactText(id))
            return ChatToolCall(id: id, name: call.name, arguments: call.arguments, members: call.members.object)
        }
    }

    /// Adds a fragment: `{"index", "id", "function": {"name", "arguments"}}`, anything of which may be missing.
    /// - Returns: the bytes it added.
    mutating func add(_ fragment: JSONObjectView) -> Int {
        add(
            Fragment(
                index: fragment["index"]?.integer, id: fragment["id"]?.string ?? "",
                function: fragment["function"]?.object ?? .empty, of: fragment))
    }

    /// Adds a fragment of a `function_call`, `{"name", "arguments"}`: a reply has one at the most.
    /// - Returns: the bytes it added.
    mutating func add(onlyCall function: JSONObjectView) -> Int {
        add(Fragment(index: .max, id: "", function: function))
    }

    private mutating func add(_ fragment: Fragment) -> Int {
        let at: Int
        if let place = place(of: fragment) {
            at = place
        } else {
            at = calls.count
            calls.append(Call(index: fragment.index))
        }
        if calls[at].id.isEmpty { calls[at].id = fragment.id }
        // Some repeat the name in every fragment, some cut it.
        if fragment.name != calls[at].name { calls[at].name += fragment.name }
        calls[at].arguments += fragment.arguments
        let members = fragment.call.map { calls[at].members.add(ofCall: $0) } ?? 0
        return fragment.name.utf8.count + fragment.arguments.utf8.count + fragment.id.utf8.count + members
    }

    /// The call that a fragment belongs to: that with its index, else that with its id, else the last one. Nil where it
    /// begins a call.
    private func place(of fragment: Fragment) -> Int? {
        if let index = fragment.index {
            guard let place = calls.lastIndex(where: { $0.index == index }) else { return nil }
            return isAnother(fragment, than: calls[place]) ? nil : place
        }
        if !fragment.id.isEmpty, let place = calls.lastIndex(where: { $0.id == fragment.id }) {
            return isAnother(fragment, than: calls[place]) ? nil : place
        }
        guard let last = calls.indices.last else { return nil }
        // An id alone announces a call whose name follows. Behind a name it is one that the server makes for each piece.
        if fragment.name.isEmpty { return fragment.id.isEmpty || !calls[last].name.isEmpty ? last : nil }
        return fragment.id.isEmpty && calls[last].name.isEmpty ? last : nil
    }

    /// Some providers give all calls the index 0, some give each fragment an id of its own: a call begins with a name.
    private func isAnother(_ fragment: Fragment, than call: Call) -> Bool {
        if fragment.name.isEmpty { return !fragment.id.isEmpty && call.name.isEmpty && isOtherID(fragment, call) }
        if !fragment.arguments.isEmpty, call.isWhole { return true }
        guard isOtherID(fragment, call) else { return false }
        return fragment.name != call.name || call.arguments.isEmpty || call.isWhole
    }

    private func isOtherID(_ fragment: Fragment, _ call: Call) -> Bool {
        !fragment.id.isEmpty && !call.id.isEmpty && fragment.id != call.id
    }
}

extension JSONSlice {
    /// An integer that fits; nil for everything else.
    var integer: Int? { kind == .integer ? Int(String(decoding: raw, as: UTF8.self)) : nil }

    /// Arguments are JSON in a string; some providers send the JSON itself.
    fileprivate var argumentText: String? {
        switch kind {
        case .string: string
        case .null: nil
        case .object, .array, .true, .false, .integer, .fraction: String(decoding: raw, as: UTF8.self)
        }
    }
}
