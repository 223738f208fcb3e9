/// A tool that a model may call.
public struct ChatTool: Sendable, Equatable {
    public var name: String
    public var description: String?
    /// A JSON schema (an object) for the arguments, sent unchanged.
    public var parameters: [UInt8]

    public init(name: String, description: String? = nil, parameters: [UInt8]) {
        self.name = name
        self.description = description
        self.parameters = parameters
    }
}
