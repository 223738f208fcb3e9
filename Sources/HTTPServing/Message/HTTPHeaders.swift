/// The header fields of a request or response.
package struct HTTPHeaders: Sendable, ExpressibleByDictionaryLiteral {
    private var fields: [(name: HTTPHeader, value: String)] = []

    package init() {}

    package init(_ fields: [HTTPHeader: String]) {
        self.fields = fields.map { ($0.key, $0.value) }
    }

    package init(dictionaryLiteral elements: (HTTPHeader, String)...) {
        fields = elements.map { ($0.0, $0.1) }
    }

    /// The value of a field. Several fields of one name are joined (RFC 9110, section 5.3; cookies: RFC 6265, section 5.4).
    /// Setting a value replaces all fields of that name.
    package subscript(_ name: HTTPHeader) -> String? {
        get {
            let values = fields.filter { $0.name == name }.map(\.value)
            return values.isEmpty ? nil : values.joined(separator: name == .cookie ? "; " : ", ")
        }
        set {
            fields.removeAll { $0.name == name }
            if let newValue { fields.append((name, newValue)) }
        }
    }

    /// Adds a field and keeps those with the same name.
    package mutating func append(_ name: HTTPHeader, _ value: String) { fields.append((name, value)) }

    /// All fields, in the order in which they were received or set.
    package var all: [(name: HTTPHeader, value: String)] { fields }
}
