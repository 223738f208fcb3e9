/// A tool call that waits for a person.
package struct ApprovalRequest: Sendable, Equatable {
    package let subject: String
    package let effectID: String
    package let toolName: String
    /// JSON, as the model wrote it.
    package let arguments: String

    package init(subject: String, effectID: String, toolName: String, arguments: String) {
        self.subject = subject
        self.effectID = effectID
        self.toolName = toolName
        self.arguments = arguments
    }

    /// `refund waits for approval: {"amount":40}`
    package var words: String { "\(toolName) waits for approval" + (arguments.isEmpty ? "" : ": \(arguments)") }

    /// The command that approves it.
    package var command: String { "convey approve \(Self.quoted(subject)) \(Self.quoted(effectID))" }

    /// Quoted as one word for a shell.
    private static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "/"), UInt8(ascii: ":"), UInt8(ascii: "@"):
                true
            default: false
            }
        }
        return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }
}
