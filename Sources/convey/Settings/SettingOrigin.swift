/// Where a value came from.
enum SettingOrigin: Sendable, Equatable, CustomStringConvertible {
    case flag(String)
    case environment(String)
    case file(String, line: Int)
    case standard

    var description: String {
        switch self {
        case .flag(let name): "--\(name)"
        case .environment(let name): name
        case .file(let path, let line): "\(path):\(line)"
        case .standard: "default"
        }
    }
}

/// A text that somebody gave for a setting, and where.
struct GivenValue: Sendable, Equatable {
    let text: String
    let origin: SettingOrigin
}

/// One thing wrong with the settings.
struct SettingProblem: Sendable, Equatable, CustomStringConvertible {
    /// The setting's path, or the unknown name.
    let name: String
    let message: String
    let origin: SettingOrigin?

    var description: String {
        guard let origin else { return "\(name): \(message)" }
        return "\(name): \(message) (from \(origin))"
    }
}

/// Everything that is wrong with the settings, found in one go.
struct SettingProblems: Error, CustomStringConvertible {
    let problems: [SettingProblem]

    /// One problem a line.
    var description: String { problems.map(\.description).joined(separator: "\n") }
}
