/// What is wrong with a value: words that go after the setting's name.
package struct InvalidValue: Error {
    package let message: String

    init(_ message: String) { self.message = message }
}
