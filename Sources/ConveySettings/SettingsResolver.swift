/// Converts the given texts into values and collects all problems.
package struct SettingsResolver {
    /// A setting's text in force, for the printed configuration.
    package struct InForce: Sendable {
        package let key: SettingKey
        package let text: String?
        package let origin: SettingOrigin
    }

    private let sources: SettingSources
    private(set) var problems: [SettingProblem]
    private(set) var inForce: [InForce] = []
    /// Warnings about allowed values, logged at the start.
    private(set) var warnings: [String] = []

    package init(_ sources: SettingSources) {
        self.sources = sources
        problems = sources.problems
    }

    /// The value in force. An unreadable value is reported and replaced by the default until the problems are thrown.
    package mutating func value<Value>(_ setting: Setting<Value>) -> Value {
        given(setting) ?? standard(setting)
    }

    /// The value of an optional setting.
    package mutating func value<Value>(_ setting: Setting<Value?>) -> Value? {
        if let value = given(setting) { return value }
        if setting.key.defaultText != nil { return standard(setting) }
        inForce.append(InForce(key: setting.key, text: nil, origin: .standard))
        return nil
    }

    /// The value of a setting whose default is computed.
    package mutating func value(_ setting: Setting<String?>, or worksOut: @autoclosure () -> String) -> String {
        if let value = given(setting) ?? nil { return value }
        let text = worksOut()
        inForce.append(InForce(key: setting.key, text: text, origin: .standard))
        return text
    }

    /// Reports that a valid value conflicts with others.
    mutating func report(_ key: SettingKey, _ message: String) {
        problems.append(SettingProblem(name: key.path, message: message, origin: sources.given(key)?.origin))
    }

    /// Reports a problem with a member of a structured value.
    ///
    /// - Parameter member: its path below the setting, `local.base_url`.
    mutating func report(_ key: SettingKey, member: String, _ message: String) {
        problems.append(
            SettingProblem(
                name: "\(key.path).\(member)", message: message, origin: sources.given(key)?.origin(of: member)))
    }

    mutating func warn(_ name: String, _ message: String) { warnings.append("\(name): \(message)") }

    /// Whether the setting was given.
    func isGiven(_ key: SettingKey) -> Bool { sources.given(key) != nil }

    /// An environment variable that a setting names; nil if it is missing or empty.
    func variable(_ name: String) -> String? { sources.variable(name) }

    /// Throws all problems, if there are any.
    package func throwProblems() throws(SettingProblems) {
        if !problems.isEmpty { throw SettingProblems(problems: problems) }
    }

    /// The default. A test checks that every default can be parsed.
    private mutating func standard<Value>(_ setting: Setting<Value>) -> Value {
        guard let text = setting.key.defaultText else {
            preconditionFailure("\(setting.key.path) has no default and is read as if it had one")
        }
        inForce.append(InForce(key: setting.key, text: text, origin: .standard))
        do {
            return try setting.parse(text)
        } catch {
            preconditionFailure("the default of \(setting.key.path) cannot be read: \(error.message)")
        }
    }

    private mutating func given<Value>(_ setting: Setting<Value>) -> Value? {
        guard let given = sources.given(setting.key) else { return nil }
        do {
            let value = try setting.parse(given.text)
            inForce.append(InForce(key: setting.key, text: given.text, origin: given.origin))
            return value
        } catch {
            problems.append(SettingProblem(name: setting.key.path, message: error.message, origin: given.origin))
            return nil
        }
    }
}
