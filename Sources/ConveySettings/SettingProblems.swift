/// Everything that is wrong with the settings, found in one go.
package struct SettingProblems: Error, CustomStringConvertible {
    package let problems: [SettingProblem]

    /// One problem per line.
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
