import Conversation
import Signals

/// A provider that refuses everything that any server is known to refuse in the messages of a request. Every context
/// built in a test is checked with it: a history refused once is refused forever.
///
/// Strict about: alternating roles (Mistral, templates of Gemma and Llama), results of calls (OpenAI), arguments
/// (llama.cpp, vLLM), repeated ids (Anthropic's gateways), empty texts (Anthropic, Bedrock), names of tools (OpenAI).
public enum StrictProvider {
    /// The fault in a request's body; nil without a fault.
    public static func fault(in body: [UInt8]) -> String? {
        guard let request = JSONObjectView(body) else { return "the body is no JSON object" }
        guard let messages = request["messages"]?.elements, !messages.isEmpty else { return "there are no messages" }
        var check = Check()
        for (index, message) in messages.enumerated() {
            guard let object = message.object else { return "messages[\(index)] is no object" }
            if let fault = check.take(object) { return "messages[\(index)]: \(fault)" }
        }
        return check.end().map { "messages: \($0)" }
    }

    /// The same for messages before they become a request.
    public static func fault(in messages: [ChatMessage]) -> String? {
        var body = JSONObjectBuilder()
        let encoded = messages.map(encode).joined(separator: [UInt8(ascii: ",")])
        body.add("messages", json: [UInt8(ascii: "[")] + encoded + [UInt8(ascii: "]")])
        return fault(in: body.finish())
    }

    private static func encode(_ message: ChatMessage) -> [UInt8] {
        var object = JSONObjectBuilder()
        object.add("role", message.role.rawValue)
        if message.content.isEmpty, !message.toolCalls.isEmpty {
            object.add("content", json: "null".utf8)
        } else {
            object.add("content", message.content)
        }
        if let id = message.toolCallID { object.add("tool_call_id", id) }
        guard !message.toolCalls.isEmpty else { return object.finish() }
        let calls = message.toolCalls.map { call in
            var function = JSONObjectBuilder()
            function.add("name", call.name)
            function.add("arguments", call.arguments)
            var encoded = JSONObjectBuilder()
            encoded.add("id", call.id)
            encoded.add("type", "function")
            encoded.add("function", json: function.finish())
            return encoded.finish()
        }
        object.add(
            "tool_calls",
            json: [UInt8(ascii: "[")] + calls.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "]")])
        return object.finish()
    }

    /// Messages so far.
    private struct Check {
        private var last = ""
        /// Calls without a result, in their order.
        private var open: [String] = []
        private var ids: Set<ExactText> = []

        mutating func take(_ message: JSONObjectView) -> String? {
            if let name = repeated(message) { return "the member \(name) stands twice" }
            let role = message["role"]?.string ?? ""
            defer { last = role }
            if role != "tool", let call = open.first { return "the call \(call) has no result behind it" }
            let calls = message["tool_calls"]?.elements ?? []
            if let fault = text(message["content"], mayBeNull: role == "assistant" && !calls.isEmpty) { return fault }
            switch role {
            case "system": return last.isEmpty ? nil : "a system prompt behind other messages"
            case "user": return ["", "system", "assistant"].contains(last) ? nil : "a user behind \(last)"
            case "assistant":
                guard last == "user" || last == "tool" else {
                    return "an assistant behind \(last.isEmpty ? "nothing" : last)"
                }
                for call in calls { if let fault = take(call: call.object ?? .empty) { return fault } }
                return nil
            case "tool":
                guard let id = message["tool_call_id"]?.string, ExactText(id) == open.first.map(ExactText.init) else {
                    return "a result where \(open.first ?? "none") is expected"
                }
                open.removeFirst()
                return nil
            default: return "the role is \(role)"
            }
        }

        func end() -> String? {
            if let call = open.first { return "the call \(call) has no result behind it" }
            return last == "user" || last == "tool" ? nil : "the last one is of role \(last)"
        }

        private func repeated(_ object: JSONObjectView) -> String? {
            var names: Set<String> = []
            return object.members.lazy.map { object.key($0) }.first { !names.insert($0).inserted }
        }

        private func text(_ value: JSONSlice?, mayBeNull: Bool) -> String? {
            if mayBeNull, value?.kind == .null { return nil }
            guard let text = value?.string else { return "the content is no text" }
            return text.contains { !$0.isWhitespace } ? nil : "the content is empty"
        }

        private mutating func take(call: JSONObjectView) -> String? {
            guard let id = call["id"]?.string, id.contains(where: { !$0.isWhitespace }) else {
                return "a call has no id"
            }
            guard ids.insert(ExactText(id)).inserted else { return "the id \(id) stands twice" }
            guard call["type"]?.string == "function", let function = call["function"]?.object else {
                return "the call \(id) is of no function"
            }
            guard let name = function["name"]?.string, (1...64).contains(name.utf8.count),
                name.unicodeScalars.allSatisfy({
                    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-".unicodeScalars.contains($0)
                })
            else { return "the name of the tool of \(id)" }
            guard let arguments = function["arguments"]?.string, let object = JSONObjectView(Array(arguments.utf8))
            else {
                return "the arguments of \(id) are no JSON object"
            }
            if let name = repeated(call) ?? repeated(function) ?? repeated(object) {
                return "the member \(name) of \(id) stands twice"
            }
            open.append(id)
            return nil
        }
    }
}
