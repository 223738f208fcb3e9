import Conversation
import Signals

/// What is asked: a view, of a conversation unless it is about no single one, and parameters as texts.
public struct Question: Sendable, Equatable {
    public var view: QueryView
    public var subject: String
    public var parameters: [QueryParameter: String]

    /// - Parameter subject: not used where the view is about no single conversation.
    public init(_ view: QueryView, subject: String = "", parameters: [QueryParameter: String] = [:]) {
        self.view = view
        self.subject = subject
        self.parameters = parameters
    }

    /// The parameters by name, always in the same order.
    public var items: [(name: String, value: String)] {
        parameters.map { (name: $0.key.rawValue, value: $0.value) }.sorted { $0.name < $1.name }
    }

    /// The path and query string that ask it over HTTP.
    public var path: String { QueryPath.path(view: view, subject: subject, parameters: items) }

    /// The payload that asks it over MQTT.
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
