/// All problems with the settings, found in one pass.
package struct SettingProblems: Error, CustomStringConvertible {
    package let problems: [SettingProblem]

    /// One problem per line.
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
