/// What is special about one tool.
public struct ToolPolicy: Sendable {
    /// The call waits until a person allows it.
    public var requiresApproval: Bool
    /// One attempt; nil for that of the class.
    public var timeout: Duration?
    /// nil for those of the class.
    public var maxAttempts: Int?
    /// How long a call waits for the tool while it is not there; nil for that of the class.
    public var unavailableFor: Duration?
    /// How long a call waits for approval before it counts as denied; zero for ever, nil for that of the class.
    public var approvalTimeout: Duration?
    /// What is wrong with arguments that a person has written, one JSON object; nil where nothing is. A pure function.
    public var argumentsProblem: (@Sendable (_ arguments: [UInt8]) -> String?)?

    public init(
        requiresApproval: Bool = false, timeout: Duration? = nil, maxAttempts: Int? = nil,
        unavailableFor: Duration? = nil, approvalTimeout: Duration? = nil,
        argumentsProblem: (@Sendable (_ arguments: [UInt8]) -> String?)? = nil
    ) {
        self.requiresApproval = requiresApproval
        self.timeout = timeout
        self.maxAttempts = maxAttempts
        self.unavailableFor = unavailableFor
        self.approvalTimeout = approvalTimeout
        self.argumentsProblem = argumentsProblem
    }
}
