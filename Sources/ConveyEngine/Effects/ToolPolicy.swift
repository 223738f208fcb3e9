/// What is special about one tool.
public struct ToolPolicy: Sendable, Equatable {
    /// The call waits until a person allows it.
    public var requiresApproval: Bool
    /// One attempt; nil for that of the class.
    public var timeout: Duration?
    /// nil for those of the class.
    public var maxAttempts: Int?
    /// How long a call waits for the tool while it is not there; nil for that of the class.
    public var unavailableFor: Duration?

    public init(
        requiresApproval: Bool = false, timeout: Duration? = nil, maxAttempts: Int? = nil,
        unavailableFor: Duration? = nil
    ) {
        self.requiresApproval = requiresApproval
        self.timeout = timeout
        self.maxAttempts = maxAttempts
        self.unavailableFor = unavailableFor
    }
}
