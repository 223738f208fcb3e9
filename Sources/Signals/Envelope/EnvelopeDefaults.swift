/// What the MQTT edge fills in.
public struct EnvelopeDefaults: Sendable {
    /// The first level or levels of every topic.
    public var root: String
    /// `data.ingress` of a `conv.in.*` signal that says none.
    public var ingress: String
    /// The source of a signal that names none; nil for `/mqtt/{subject}`, the subject encoded as in a topic.
    public var source: String?
    /// The id of a signal that has none; called at most once a message.
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
