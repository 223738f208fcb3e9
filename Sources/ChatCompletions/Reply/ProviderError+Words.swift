import Signals

// Every gateway formats errors in its own way. Supported are OpenAI's `{"error":{"message","type","code"}}`, and
//
//   {"error":"…"}  {"error":true,"message":…}  {"errors":[{"message"}]}  {"object":"error","message"} (vLLM)
//   {"detail":"…"}  {"detail":[{"msg","loc"}]} (FastAPI)  {"message":{"detail":[…]}} (Mistral)  {"msg"}  {"error_msg"} (Baidu)
//   {"base_resp":{"status_code","status_msg"}} (MiniMax)  {"title","detail"} (RFC 9457)  {"fault":{"faultstring"}} (Apigee)
//   {"error":{"message","metadata":{"raw","provider_name"}}} (OpenRouter)  [{"error":…}] (Gemini)
//
// each also inside a string, an event stream, a web page, or as plain text.
extension ProviderError {
    /// Maximum nesting of objects and lists that are searched for text.
    private static let depthLimit = 6
    /// Maximum elements of a list of errors in the message.
    private static let listLimit = 3

    /// The error that an object reports, whatever else it contains; nil if it reports none.
    init?(in object: JSONObjectView) {
        if let error = object["error"], error.saysSomething {
            self.init()
            if error.object == nil {
                // `error` may contain only the kind, with the message beside it.
                note(object)
                let more = words(in: object, Self.messageNames, depth: 0)
                message = Self.joined(words(of: error, depth: 0), more, by: ": ")
            } else {
                message = words(of: error, depth: 0)
            }
            if message == nil, code == nil, type == nil { message = String(decoding: error.raw, as: UTF8.self) }
            return
        }
        let isMarked =
            object["errors"]?.saysSomething ?? false || object["object"]?.string == "error"
            || object["type"]?.string == "error" || object["success"]?.kind == .false
            || object["error_code"]?.saysSomething ?? false || object["error_msg"]?.saysSomething ?? false
            || object["base_resp"]?.object?["status_code"]?.saysSomething ?? false
        guard isMarked else { return nil }
        self.init(of: object)
    }

    /// An object that is itself the error.
    init(of object: JSONObjectView) {
        self.init()
        note(object)
        message = words(in: object, Self.messageNames + Self.vagueNames, depth: 0)
    }

    /// An object in place of a reply that has a message; nil for one without, such as a keep-alive.
    init?(insteadOfReply object: JSONObjectView) {
        self.init()
        note(object)
        guard let words = words(in: object, Self.messageNames, depth: 0) else { return nil }
        message = words
    }

    /// An error's body; nil if it contains no text that can be distinguished from a reply.
    init?(body: [UInt8]) {
        let text = body.trimmed
        switch text.first {
        case nil: return nil
        case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\""):
            // Anything that turns out not to be JSON has no text.
            guard let value = try? JSONSlice(Array(text)) else { return nil }
            // Gemini's compatible interface puts the object into an array.
            if let object = value.object ?? value.elements?.first?.object {
                self = ProviderError(in: object) ?? ProviderError(of: object)
            } else {
                self.init()
                message = words(of: value, depth: 0)
            }
        default: self.init(text: text)
        }
    }

    /// A body that is not JSON: an event stream, a web page, or text for people.
    init(text: ArraySlice<UInt8>) {
        self.init()
        if text.first == UInt8(ascii: "<") {
            message = Self.title(ofPage: text)
        } else if let event = Self.firstEvent(of: text) {
            self = event
        } else {
            message = String(decoding: text, as: UTF8.self)
        }
    }

    // MARK: Where words stand

    private static let messageNames: [StaticString] = [
        "message", "detail", "msg", "error_msg", "error_message", "errmsg", "error_description", "status_msg",
        "faultstring",
    ]

    /// Names that have another meaning in a reply that is not an error.
    private static let vagueNames: [StaticString] = [
        "errors", "error", "fault", "base_resp", "reason", "description", "title", "details",
    ]

    /// The first text under one of the names.
    private mutating func words(in object: JSONObjectView, _ names: [StaticString], depth: Int) -> String? {
        for name in names {
            guard let value = object[name], let words = words(of: value, depth: depth + 1) else { continue }
            return words
        }
        return nil
    }

    private mutating func words(of value: JSONSlice, depth: Int) -> String? {
        guard depth < Self.depthLimit else { return nil }
        switch value.kind {
        case .string:
            guard let text = value.string, !value.isBlankString else { return nil }
            // Another server's error, repeated unchanged.
            guard text.hasPrefix("{") || text.hasPrefix("["), let inner = try? JSONSlice(Array(text.utf8)) else {
                return text
            }
            return words(of: inner, depth: depth + 1) ?? text
        case .array:
            var words: [String] = []
            for element in (value.elements ?? []).prefix(Self.listLimit) {
                if let more = self.words(of: element, depth: depth + 1) { words.append(more) }
            }
            return words.isEmpty ? nil : words.joined(separator: "; ")
        case .object:
            guard let object = value.object else { return nil }
            note(object)
            guard var words = words(in: object, Self.messageNames + Self.vagueNames, depth: depth) else { return nil }
            if let place = Self.place(object["loc"]) { words += " (\(place))" }
            guard let metadata = object["metadata"]?.object else { return words }
            let raw = metadata["raw"].flatMap { self.words(of: $0, depth: depth + 1) }
            let provider = metadata["provider_name"]?.string.map { " (\($0))" } ?? ""
            return (Self.joined(words, raw, by: ": ") ?? words) + provider
        case .null, .true, .false, .integer, .fraction: return nil
        }
    }

    /// Adopts the other information of an object. More deeply nested values take precedence.
    private mutating func note(_ object: JSONObjectView) {
        if let type = object["type"]?.string ?? object["status"]?.string, type != "error" { self.type = type }
        if let code = object["code"]?.string ?? object["error_code"]?.string { self.code = code }
        let numbers: [StaticString] = ["code", "status", "status_code", "statusCode", "error_code"]
        for name in numbers {
            guard let value = object[name], let number = value.integer ?? value.string.flatMap({ Int($0) }),
                (400..<600).contains(number)
            else { continue }
            status = number
            break
        }
        for detail in (object["details"]?.elements ?? []).prefix(Self.listLimit) {
            guard let delay = detail.object?["retryDelay"]?.string, delay.hasSuffix("s") else { continue }
            retryAfter = RetryAfter.parse(String(delay.dropLast()), now: 0)
        }
    }

    /// The location of the error in a request: `body.messages.0.content`.
    private static func place(_ value: JSONSlice?) -> String? {
        guard let parts = value?.elements, !parts.isEmpty else { return nil }
        return parts.map { $0.string ?? String(decoding: $0.raw, as: UTF8.self) }.joined(separator: ".")
    }

    private static func joined(_ one: String?, _ other: String?, by separator: String) -> String? {
        guard let one, !one.isEmpty else { return other }
        guard let other, !other.isEmpty, other != one else { return one }
        return one + separator + other
    }

    // MARK: Other texts

    /// The title of a web page, otherwise its first heading.
    private static func title(ofPage page: ArraySlice<UInt8>) -> String? {
        let page = Array(page)
        let lowercased = page.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 0x20 : $0 }
        for tag in ["title", "h1"] {
            guard let open = lowercased.firstRange(of: Array("<\(tag)".utf8)),
                let start = lowercased[open.upperBound...].firstIndex(of: UInt8(ascii: ">")),
                let end = lowercased[start...].firstRange(of: Array("</\(tag)".utf8))
            else { continue }
            let title = Array(page[(start + 1)..<end.lowerBound]).trimmed
            if !title.isEmpty { return String(decoding: title, as: UTF8.self) }
        }
        return nil
    }

    /// The error in the first event of a stream; nil if there is none.
    private static func firstEvent(of text: ArraySlice<UInt8>) -> ProviderError? {
        guard ["data:", "event:", ":"].contains(where: { text.starts(with: $0.utf8) }) else { return nil }
        var parser = ServerSentEventParser(eventBytes: text.count)
        var events: [ServerSentEvent] = []
        do throws(ServerSentEventTooLarge) {
            try parser.read(Array(text), into: &events)
            try parser.finish(into: &events)
        } catch { return nil }
        return events.first.flatMap { ProviderError(body: $0.data) }
    }
}

extension JSONSlice {
    /// Whether a member reports an error: anything but null, false, 0, and an empty text, list or object.
    fileprivate var saysSomething: Bool {
        switch kind {
        case .null, .false: false
        case .true, .fraction: true
        case .integer: integer != 0
        case .string: !isBlankString
        case .array: elements?.isEmpty == false
        case .object: object?.isEmpty == false
        }
    }
}
