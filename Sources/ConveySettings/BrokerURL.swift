import ChatCompletions
import MQTTTransport

/// The broker's address as a setting.
enum BrokerURL {
    /// Reads `mqtt://[user[:password]@]host[:port]` or `mqtts://…`.
    static func parse(_ text: String) throws(InvalidValue) -> BrokerAddress {
        do {
            return try BrokerAddress(url: text)
        } catch {
            throw InvalidValue(error.message)
        }
    }

    /// A text that may be a URL, with anything that could be a password masked.
    static func masked(_ text: String) -> String {
        guard let at = text.lastIndex(of: "@") else { return text }
        let start = text.firstRange(of: "://")?.upperBound ?? text.startIndex
        guard start <= at, let colon = text[start..<at].firstIndex(of: ":") else { return text }
        return text[...colon] + Secret.mask + text[at...]
    }
}

extension BrokerAddress {
    /// Whether the broker is on this machine.
    var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
}
