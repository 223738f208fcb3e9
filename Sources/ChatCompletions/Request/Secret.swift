/// Text, such as an API key, that descriptions, string interpolation, `dump` and reflection do not show.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let value: String

    public init(_ value: String) {
        self.value = value
    }

    /// The text itself, for the one place that sends it.
    public func reveal() -> String { value }

    public var isEmpty: Bool { value.isEmpty }

    public var description: String { "<secret>" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// `text` with every occurrence of the secret replaced. Compares bytes, so that adjacent characters cannot hide it
    /// by combining with it.
    func redacted(in text: String) -> String {
        let secret = Array(value.utf8)
        guard let first = secret.first else { return text }
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var at = 0
        while at < bytes.count {
            if bytes[at] == first, bytes[at...].starts(with: secret) {
                result.append(contentsOf: "***".utf8)
                at += secret.count
            } else {
                result.append(bytes[at])
                at += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
