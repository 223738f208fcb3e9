/// The settings of one tool that differ from those of its class.
public struct ToolPolicy: Sendable {
    /// Whether a call waits until a person approves it.
    public var requiresApproval: Bool
    /// Maximum time of one attempt; nil for that of the class.
    public var timeout: Duration?
    /// Maximum failed attempts; nil for those of the class.
    public var maxAttempts: Int?
    /// How long a call waits while the tool is unavailable; nil for that of the class.
    public var unavailableFor: Duration?
    /// How long a call waits for approval before it counts as denied; zero means forever, nil that of the class.
    public var approvalTimeout: Duration?
    /// Checks arguments that a person has written, one JSON object. Returns the error, or nil if they are valid. A pure function.
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
