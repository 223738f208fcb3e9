/// The name of a header field. Names are the same whatever their case (RFC 9110, section 5.1).
struct HTTPHeader: Hashable, Sendable {
    /// As it was written.
    let name: String
    private let folded: String

    init(_ name: String) {
        self.name = name
        folded = name.lowercased()
    }

    static func == (left: Self, right: Self) -> Bool { left.folded == right.folded }

    func hash(into hasher: inout Hasher) { hasher.combine(folded) }

    static let authorization = HTTPHeader("Authorization")
    static let cacheControl = HTTPHeader("Cache-Control")
    static let contentLength = HTTPHeader("Content-Length")
    static let contentType = HTTPHeader("Content-Type")
    static let cookie = HTTPHeader("Cookie")
    static let host = HTTPHeader("Host")
    static let location = HTTPHeader("Location")
    static let retryAfter = HTTPHeader("Retry-After")
    static let setCookie = HTTPHeader("Set-Cookie")
}

/// The header fields of a request or an answer.
struct HTTPHeaders: Sendable, ExpressibleByDictionaryLiteral {
    private var fields: [(name: HTTPHeader, value: String)] = []

    init() {}

    init(_ fields: [HTTPHeader: String]) {
        self.fields = fields.map { ($0.key, $0.value) }
    }

    init(dictionaryLiteral elements: (HTTPHeader, String)...) {
        fields = elements.map { ($0.0, $0.1) }
    }

    /// A field's value; of one that stands several times all of them, joined as RFC 9110, section 5.3, and RFC 6265,
    /// section 5.4, have it. Setting one replaces all of its name.
    subscript(_ name: HTTPHeader) -> String? {
        get {
            let values = fields.filter { $0.name == name }.map(\.value)
            return values.isEmpty ? nil : values.joined(separator: name == .cookie ? "; " : ", ")
        }
        set {
            fields.removeAll { $0.name == name }
            if let newValue { fields.append((name, newValue)) }
        }
    }

    /// Adds a field beside those that there are.
    mutating func append(_ name: HTTPHeader, _ value: String) { fields.append((name, value)) }

    /// In the order in which they came or were set.
    var all: [(name: HTTPHeader, value: String)] { fields }
}
