/// Defaults that the MQTT edge fills in.
public struct EnvelopeDefaults: Sendable {
    /// The first level or levels of every topic.
    public var root: String
    /// `data.ingress` of a `conv.in.*` signal that has none.
    public var ingress: String
    /// The source of a signal that has none; nil for `/mqtt/{subject}`, with the subject encoded as in a topic.
    public var source: String?
    /// Makes the id of a signal without one; called at most once per message.
    public var makeID: @Sendable () -> String

    public init(
        root: String = "conv", ingress: String = "mqtt", source: String? = nil,
        makeID: @escaping @Sendable () -> String
    ) {
        self.root = root
        self.ingress = ingress
        self.source = source
        self.makeID = makeID
    }
}
