/// Where a value came from.
package enum SettingOrigin: Sendable, Equatable, CustomStringConvertible {
    case flag(String)
    case environment(String)
    case file(String, line: Int)
    case standard

    package var description: String {
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
    package let origin: SettingOrigin
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

/// Everything that is wrong with the settings, found in one go.
package struct SettingProblems: Error, CustomStringConvertible {
    package let problems: [SettingProblem]

    /// One problem a line.
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
