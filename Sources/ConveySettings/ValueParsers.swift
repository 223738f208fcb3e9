import ChatCompletions
import ConveyRuntime
import EffectHandlers
import Foundation
import HTTPServing
import Signals

/// Parsers for the texts of settings. Each function creates one; its error names the valid values.
enum ValueParsers {
    static func text(_ text: String) throws(InvalidValue) -> String { text }

    static func optionalText(_ text: String) throws(InvalidValue) -> String? { text }

    /// Of a PostgreSQL database; whatever else is wrong with it, the connection says.
    static func journalURL(_ text: String) throws(InvalidValue) -> String? {
        guard text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") else {
            throw InvalidValue("a journal's URL begins with postgres://; leave it out for SQLite files in data.dir")
        }
        return text
    }

    static func secret(_ text: String) throws(InvalidValue) -> Secret? { Secret(text) }

    static func boolean(_ text: String) throws(InvalidValue) -> Bool {
        switch text.lowercased() {
        case "true", "yes", "on", "1": true
        case "false", "no", "off", "0": false
        default: throw InvalidValue("\"\(text)\" is neither true nor false")
        }
    }

    /// A whole number; `_` may group its digits.
    static func integer(_ range: ClosedRange<Int>) -> @Sendable (String) throws(InvalidValue) -> Int {
        { (text: String) throws(InvalidValue) -> Int in
            guard let number = Int(text.replacing("_", with: "")), range.contains(number) else {
                throw InvalidValue("\"\(text)\" is not a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
    }

    static func optionalInteger(_ range: ClosedRange<Int>) -> @Sendable (String) throws(InvalidValue) -> Int? {
        let parse = integer(range)
        return { (text: String) throws(InvalidValue) -> Int? in try parse(text) }
    }

    static func number(_ range: ClosedRange<Double>) -> @Sendable (String) throws(InvalidValue) -> Double {
        { (text: String) throws(InvalidValue) -> Double in
            guard let number = Double(text), range.contains(number) else {
                throw InvalidValue("\"\(text)\" is not a number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
    }

    /// For an optional setting.
    static func optional<Value>(
        _ parse: @escaping @Sendable (String) throws(InvalidValue) -> Value
    ) -> @Sendable (String) throws(InvalidValue) -> Value? {
        { (text: String) throws(InvalidValue) -> Value? in try parse(text) }
    }

    /// A list of names: `a, b`, or a JSON array.
    static func names(_ text: String) throws(InvalidValue) -> [String]? {
        guard text.drop(while: \.isWhitespace).hasPrefix("[") else {
            return text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        }
        // The text is not quoted in the message, because it can be long.
        guard let elements = (try? JSONValue(Array(text.utf8)))?.array else {
            throw InvalidValue("is not a list of names, like a, b or [\"a\",\"b\"]")
        }
        let names = elements.compactMap(\.string)
        guard names.count == elements.count else { throw InvalidValue("has an element that is not text") }
        return names
    }

    /// A JSON object, for a structured setting. Messages never contain its text, which may contain secrets.
    static func mapping(_ text: String) throws(InvalidValue) -> JSONValue? {
        let value: JSONValue
        do {
            value = try JSONValue(Array(text.utf8))
        } catch {
            throw InvalidValue("is not JSON: \(error)")
        }
        guard value.object != nil else { throw InvalidValue("is not a mapping of names to members") }
        return value
    }

    static func tools(_ text: String) throws(InvalidValue) -> ToolDeclarations? {
        do {
            return try ToolDeclarations.parse(text)
        } catch {
            throw InvalidValue(error.description)
        }
    }

    static func size(_ range: ClosedRange<Int>) -> @Sendable (String) throws(InvalidValue) -> Int {
        { (text: String) throws(InvalidValue) -> Int in
            guard let size = ByteSize(text), range.contains(size.bytes) else {
                let (least, most) = (ByteSize(bytes: range.lowerBound), ByteSize(bytes: range.upperBound))
                throw InvalidValue("\"\(text)\" is not a size from \(least) to \(most), like 262144 or 256KiB")
            }
            return size.bytes
        }
    }

    static func duration(_ range: ClosedRange<Duration>) -> @Sendable (String) throws(InvalidValue) -> Duration {
        { (text: String) throws(InvalidValue) -> Duration in
            guard let duration = DurationText(text)?.duration, range.contains(duration) else {
                let (least, most) = (DurationText(range.lowerBound), DurationText(range.upperBound))
                throw InvalidValue("\"\(text)\" is not a duration from \(least) to \(most), like 500ms, 5m or 7d")
            }
            return duration
        }
    }

    /// One of the raw values of an enum.
    static func choice<Choice>(_ type: Choice.Type) -> @Sendable (String) throws(InvalidValue) -> Choice
    where Choice: RawRepresentable & CaseIterable & Sendable, Choice.RawValue == String {
        { (text: String) throws(InvalidValue) -> Choice in
            guard let choice = Choice(rawValue: text.lowercased()) else {
                let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
                throw InvalidValue("\"\(text)\" is not one of \(known)")
            }
            return choice
        }
    }

    /// A name that can be one level of a topic and part of a client id.
    static func topicLevel(_ text: String) throws(InvalidValue) -> String? {
        guard !text.contains(where: { "/+#".contains($0) || $0.isWhitespace }), text.utf8.count <= 64 else {
            throw InvalidValue("\"\(text)\" must be at most 64 bytes without spaces or any of / + #")
        }
        return text
    }

    /// The first levels of all topics.
    static func topicRoot(_ text: String) throws(InvalidValue) -> String {
        let levels = text.split(separator: "/", omittingEmptySubsequences: false)
        guard levels.allSatisfy({ !$0.isEmpty && !$0.contains(where: { "+#".contains($0) || $0.isWhitespace }) }),
            !text.hasPrefix("$"), text.utf8.count <= 128
        else {
            throw InvalidValue("\"\(text)\" must be topic levels like conv or site/conv, without wildcards")
        }
        return text
    }

    /// Patterns of response topics: a list of names.
    static func responseTopics(_ text: String) throws(InvalidValue) -> [String]? {
        let patterns = try names(text) ?? []
        for pattern in patterns {
            if let fault = ResponseTopicRule.fault(inPattern: pattern) {
                throw InvalidValue("\"\(pattern)\" \(fault); it is a topic filter like {root}/receipt/{subject}/#")
            }
        }
        return patterns
    }

    /// `https://example.org,http://10.0.0.1:8080`
    static func webOrigins(_ text: String) throws(InvalidValue) -> [WebOrigin]? {
        var origins: [WebOrigin] = []
        for item in text.split(separator: ",") {
            let name = item.trimmingCharacters(in: .whitespaces)
            guard let origin = WebOrigin(name) else {
                throw InvalidValue("\"\(name)\" is not an origin like https://convey.example.org")
            }
            origins.append(origin)
        }
        return origins
    }

    /// `HOST:PORT`, or nil for `off`.
    static func httpAddress(_ text: String) throws(InvalidValue) -> HTTPAddress? {
        if text.isEmpty || text.lowercased() == "off" { return nil }
        guard let address = HTTPAddress(text) else {
            throw InvalidValue("\"\(text)\" is not HOST:PORT, like 127.0.0.1:8080 or [::1]:8080, nor off")
        }
        return address
    }
}
