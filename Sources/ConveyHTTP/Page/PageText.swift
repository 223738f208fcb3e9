import Signals

/// Formatting shared by several pages.
enum PageText {
    /// A time from an answer, for display; the script converts it to the reader's time zone.
    static func time(_ value: JSONValue?) -> HTML {
        let text = value?.string ?? ""
        let readable = String(text.prefix(19)).replacing("T", with: " ")
        return #"<time datetime="\#(text)">\#(readable)</time>"#
    }

    /// Names the shards that a list leaves out, if any.
    static func unreadableShards(_ answer: JSONValue) -> HTML? {
        unreadableShards((answer["unreadable_shards"]?.array ?? []).compactMap(\.int))
    }

    static func unreadableShards(_ shards: [some BinaryInteger]) -> HTML? {
        if shards.isEmpty { return nil }
        let list = shards.map(\.description).joined(separator: ", ")
        return #"<p role="status"><span class="badge bad">incomplete</span> Shards that cannot be read: \#(list).</p>"#
    }

    /// A text as it is, anything else as JSON.
    static func words(_ value: JSONValue?) -> String {
        switch value {
        case nil, .null?: ""
        case .string(let text)?: text
        case .bool?, .integer?, .fraction?, .array?, .object?:
            value.map { String(decoding: $0.encode(), as: UTF8.self) } ?? ""
        }
    }

    /// The beginning of a text, on one line.
    static func excerpt(_ text: String, characters: Int = 120) -> String {
        let line = text.prefix(characters + 1).split(whereSeparator: \.isNewline).joined(separator: " ")
        return text.count > characters ? "\(line.prefix(characters))…" : line
    }

    /// JSON for display, one member per line.
    static func indented(_ value: JSONValue, depth: Int = 0) -> String {
        let margin = String(repeating: "  ", count: depth + 1)
        let end = String(repeating: "  ", count: depth)
        switch value {
        case .object(let members) where !members.isEmpty:
            let lines = members.map { key, value in
                "\(margin)\(words(.array([.string(key)])).dropFirst().dropLast()): \(indented(value, depth: depth + 1))"
            }
            return "{\n\(lines.joined(separator: ",\n"))\n\(end)}"
        case .array(let elements) where !elements.isEmpty:
            let lines = elements.map { margin + indented($0, depth: depth + 1) }
            return "[\n\(lines.joined(separator: ",\n"))\n\(end)]"
        case .null, .bool, .integer, .fraction, .string, .array, .object:
            return String(decoding: value.encode(), as: UTF8.self)
        }
    }

    /// `12.3 MB`
    static func bytes(_ number: Int) -> String {
        var value = Double(number)
        for unit in ["bytes", "kB", "MB", "GB"] {
            if value < 1_000 {
                let tenths = unit == "bytes" ? "" : ".\(Int(value * 10) % 10)"
                return "\(Int(value))\(tenths) \(unit)"
            }
            value /= 1_000
        }
        return "\(Int(value)) TB"
    }

    /// A number from a query string or form, to show it again; nil if it is not a number.
    static func offset(_ text: String?) -> Int64? {
        text.flatMap { Int64($0) }.flatMap { $0 >= 0 ? $0 : nil }
    }
}
