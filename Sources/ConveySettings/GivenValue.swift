/// The text given for a setting, and where it was given.
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
