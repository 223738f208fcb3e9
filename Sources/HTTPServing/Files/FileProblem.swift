/// Why files are invalid, for the operator. Never contains secrets.
package struct FileProblem: Error, Sendable, Equatable {
    package let message: String

    package init(_ message: String) {
        self.message = message
    }
}
