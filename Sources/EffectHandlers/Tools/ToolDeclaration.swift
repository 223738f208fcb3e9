import Signals

/// A tool that models may call: its description for them, and how to run it.
public struct ToolDeclaration: Sendable {
    /// How a call reaches the tool.
    public enum Transport: Sendable, Equatable {
        /// A worker that listens on `{root}/tool/{name}/call`.
        case mqtt
        case http(HTTPToolEndpoint)
    }

    /// 1 to 64 of `A-Z a-z 0-9 _ -`: what providers allow, and one topic level as it stands.
    public let name: String
    public let description: String?
    /// The JSON schema of the arguments, an object, as compact JSON.
    public let parameters: [UInt8]
    /// `parameters`, to check arguments with.
    public let schema: JSONSchema
    public let transport: Transport
    /// Time limit of one attempt; nil for the default of all tools.
    public let timeout: Duration?
    /// Maximum attempts when failures may pass; nil for the default of all tools.
    public let maxAttempts: Int?
    /// How long a call waits while nobody is there to do it; nil for the default of all tools.
    public let unavailableFor: Duration?
    /// Whether each call needs approval.
    public let requiresApproval: Bool
    /// How long a call waits for approval before it counts as denied; zero for ever, nil for the default of all tools.
    public let approvalTimeout: Duration?

    /// What is wrong with arguments, in words for whoever wrote them; nil where they match the schema.
    public func problem(withArguments bytes: [UInt8]) -> String? {
        guard let value = try? JSONValue(bytes), value.object != nil else {
            return "the arguments of \(name) are not one JSON object"
        }
        let violations = schema.violations(of: value)
        guard !violations.isEmpty else { return nil }
        let list = violations.map { $0.pointer.isEmpty ? "the object \($0)" : "\($0)" }.joined(separator: "; ")
        return "\(mismatch): \(list)"
    }

    /// The same without words of the arguments.
    var mismatch: String { "the arguments of \(name) do not match its schema" }

    static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
