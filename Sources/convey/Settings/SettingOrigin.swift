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
    /// For a structured value of the file: the line of each member, by its path below the setting.
    var lines: [String: Int] = [:]

    /// Where a member of a structured value comes from: the nearest line that is known.
    func origin(of member: String) -> SettingOrigin {
        guard case .file(let path, _) = origin else { return origin }
        var member = member[...]
        while !member.isEmpty {
            if let line = lines[String(member)] { return .file(path, line: line) }
            member = member.lastIndex(of: ".").map { member[..<$0] } ?? ""
        }
        return origin
    }
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
