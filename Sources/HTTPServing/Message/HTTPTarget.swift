/// The target of a request: path and query, percent-encoded as received.
package struct HTTPTarget: Sendable, Equatable {
    package let rawValue: String

    package init(_ rawValue: String) { self.rawValue = rawValue }

    /// The part before the question mark.
    package func path() -> String { String(rawValue.prefix { $0 != "?" }) }

    /// The part after the question mark; empty if there is none.
    package func query() -> String { String(rawValue.drop { $0 != "?" }.dropFirst()) }
}
