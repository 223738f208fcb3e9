/// The problem with a value: a text that follows the setting's name.
package struct InvalidValue: Error {
    package let message: String

    init(_ message: String) { self.message = message }
}
