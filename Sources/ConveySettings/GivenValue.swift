/// The text given for a setting, and where it was given.
struct GivenValue: Sendable, Equatable {
    let text: String
    package let origin: SettingOrigin
    /// For a structured value from the file: the line of each member, by its path below the setting.
    var lines: [String: Int] = [:]

    /// The origin of a member of a structured value: the nearest known line.
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
