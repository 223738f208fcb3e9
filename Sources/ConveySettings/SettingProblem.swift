/// One problem with the settings.
package struct SettingProblem: Sendable, Equatable, CustomStringConvertible {
    /// The setting's path, or the unknown name.
    package let name: String
    package let message: String
    package let origin: SettingOrigin?

    package var description: String {
        guard let origin else { return "\(name): \(message)" }
        return "\(name): \(message) (from \(origin))"
    }
}
