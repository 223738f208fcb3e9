import Conversation
import Signals

/// Assembles tool calls from streamed fragments.
struct ToolCallAssembler: Sendable {
    private struct Call {
        var index: Int?
        var id = ""
        var name = ""
        var arguments = ""
        var members = OpaqueMembers()

        /// Arguments are one JSON object; text after it belongs to another call.
        var isWhole: Bool { arguments.utf8.last == UInt8(ascii: "}") && JSONObjectView(Array(arguments.utf8)) != nil }
    }

    /// The contents of a fragment. Every part is optional.
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

    /// Whether the arguments of every call are a complete JSON object.
    var areWhole: Bool { calls.allSatisfy(\.isWhole) }

    /// The calls. A call whose id is missing or repeats an earlier one gets an id made from its position, so that its result
    /// can name it.
    var complete: [ToolCall] {
        var ids = Set(calls.map { ExactText($0.id) })
        var used: Set<ExactText> = [ExactText("")]
        return calls.enumerated().map { position, call in
            var id = call.id
            if used.contains(ExactText(id)) {
                id = "call_\(position)"
                while !ids.insert(ExactText(id)).inserted { id += "_\(position)" }
            }
            used.insert(ExactText(id))
            return ToolCall(id: id, name: call.name, written: call.arguments, members: call.members.object)
        }
    }

    /// Adds a fragment: `{"index", "id", "function": {"name", "arguments"}}`, of which any member may be missing.
    /// - Returns: the number of bytes added.
    mutating func add(_ fragment: JSONObjectView) -> Int {
        add(
            Fragment(
                index: fragment["index"]?.integer, id: fragment["id"]?.string ?? "",
                function: fragment["function"]?.object ?? .empty, of: fragment))
    }

    /// Adds a fragment of a `function_call`, `{"name", "arguments"}`: a reply has at most one.
    /// - Returns: the number of bytes added.
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
        // Some providers repeat the name in every fragment, some split it.
        if fragment.name != calls[at].name { calls[at].name += fragment.name }
        calls[at].arguments += fragment.arguments
        let members = fragment.call.map { calls[at].members.add(ofCall: $0) } ?? 0
        return fragment.name.utf8.count + fragment.arguments.utf8.count + fragment.id.utf8.count + members
    }

    /// The call to which a fragment belongs: the one with its index, otherwise the one with its id, otherwise the last.
    /// Nil if the fragment begins a call.
    private func place(of fragment: Fragment) -> Int? {
        if let index = fragment.index {
            guard let place = calls.lastIndex(where: { $0.index == index }) else { return nil }
            return isAnother(fragment, than: calls[place]) ? nil : place
        }
        if !fragment.id.isEmpty, let place = calls.lastIndex(where: { $0.id == fragment.id }) {
            return isAnother(fragment, than: calls[place]) ? nil : place
        }
        guard let last = calls.indices.last else { return nil }
        // An id alone announces a call whose name follows. After a name, the server creates a new id for each fragment.
        if fragment.name.isEmpty { return fragment.id.isEmpty || !calls[last].name.isEmpty ? last : nil }
        return fragment.id.isEmpty && calls[last].name.isEmpty ? last : nil
    }

    /// Some providers give every call the index 0, others give each fragment its own id: a name begins a call.
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
    /// The value of an integer that fits into `Int`; nil for everything else.
    var integer: Int? { kind == .integer ? Int(String(decoding: raw, as: UTF8.self)) : nil }

    /// Arguments are a string of JSON; some providers send the JSON itself.
    fileprivate var argumentText: String? {
        switch kind {
        case .string: string
        case .null: nil
        case .object, .array, .true, .false, .integer, .fraction: String(decoding: raw, as: UTF8.self)
        }
    }
}
