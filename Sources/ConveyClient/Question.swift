import Conversation
import Signals

/// A query: a view, a conversation if the view is about a single one, and parameters as texts.
public struct Question: Sendable, Equatable {
    public var view: QueryView
    public var subject: String
    public var parameters: [QueryParameter: String]

    /// - Parameter subject: not used if the view is not about a single conversation.
    public init(_ view: QueryView, subject: String = "", parameters: [QueryParameter: String] = [:]) {
        self.view = view
        self.subject = subject
        self.parameters = parameters
    }

    /// The parameters by name, always in the same order.
    public var items: [(name: String, value: String)] {
        parameters.map { (name: $0.key.rawValue, value: $0.value) }.sorted { $0.name < $1.name }
    }

    /// The path and query string over HTTP.
    public var path: String { QueryPath.path(view: view, subject: subject, parameters: items) }

    /// The payload over MQTT.
    public var payload: [UInt8] {
        var bytes: [UInt8] = [UInt8(ascii: "{")]
        for (index, item) in items.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            JSONWriter.append(string: item.name, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            JSONWriter.append(string: item.value, to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }
}
