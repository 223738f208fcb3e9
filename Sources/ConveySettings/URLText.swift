import ChatCompletions

/// A URL in a setting.
enum URLText {
    /// A text that may be a URL, with anything that could be a password or a key masked.
    static func masked(_ text: String) -> String {
        let query = text.firstIndex(of: "?")
        let place = BrokerURL.masked(String(text[..<(query ?? text.endIndex)]))
        return query == nil ? place : "\(place)?\(Secret.mask)"
    }
}
