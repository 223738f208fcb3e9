/// What was given on the command line, in the environment and in the file. The command line wins over the environment,
/// the environment over the file.
package struct SettingSources: Sendable {
    private let flags: [SettingKey: GivenValue]
    private let environment: [SettingKey: GivenValue]
    private let file: [SettingKey: GivenValue]
    /// Names that nobody knows, settings given twice, a file that cannot be read.
    let problems: [SettingProblem]
    private let variables: [String: String]

    /// - Parameters:
    ///   - flags: the flags that were given, with their texts.
    ///   - configFile: the file named by `--config`; without it `CONVEY_CONFIG` names one.
    ///   - environment: all environment variables; those that do not start with `CONVEY_` are left alone.
    package init(flags: [SettingKey: String], configFile: String?, environment: [String: String]) {
        let fromEnvironment = EnvironmentSettings(environment)
        self.flags = Dictionary(
            uniqueKeysWithValues: flags.map { ($0, GivenValue(text: $1, origin: .flag($0.flag))) })
        self.environment = fromEnvironment.values
        variables = environment
        var problems = fromEnvironment.problems
        if let path = configFile ?? environment[EnvironmentSettings.configFileName], !path.isEmpty {
            let config = ConfigFile(path: path)
            file = config.values
            problems += config.problems
        } else {
            file = [:]
        }
        self.problems = problems
    }

    /// What is given for a setting. An empty text is nothing, unless the setting takes it as a value.
    func given(_ key: SettingKey) -> GivenValue? {
        [flags[key], environment[key], file[key]].lazy.compactMap(\.self).first { !$0.text.isEmpty || key.acceptsEmpty }
    }

    /// An environment variable that a setting names; nil where it is missing or empty.
    func variable(_ name: String) -> String? { variables[name].flatMap { $0.isEmpty ? nil : $0 } }
}

/// The settings in the environment.
package struct EnvironmentSettings: Sendable {
    static let prefix = "CONVEY_"
    package static let configFileName = "CONVEY_CONFIG"
    /// The key of the provider `openai`, unless a setting says where it is.
    static let apiKeyName = "CONVEY_LLM_API_KEY"
    /// The bearer token that commands send to a service over HTTP.
    package static let httpTokenName = "CONVEY_HTTP_TOKEN"
    /// No settings: secrets, and variables of the build and of tests, which Convey itself does not read.
    private static let ignored: Set<String> = [apiKeyName, httpTokenName, "CONVEY_STRICT", "CONVEY_SEEDS"]

    let values: [SettingKey: GivenValue]
    let problems: [SettingProblem]

    init(_ environment: [String: String]) {
        var values: [SettingKey: GivenValue] = [:]
        var problems: [SettingProblem] = []
        let keys = Settings.all.flatMap { key in key.environment.map { ($0, key) } }
        let keyByName = Dictionary(uniqueKeysWithValues: keys)
        for (name, text) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix(Self.prefix) {
            if name == Self.configFileName || Self.isNotOurs(name) { continue }
            guard let key = keyByName[name] else {
                let hint = NearestName.hint(for: name, among: keyByName.keys)
                problems.append(SettingProblem(name: name, message: "is no setting\(hint)", origin: nil))
                continue
            }
            let value = GivenValue(text: text, origin: .environment(name))
            if let other = values[key], other.text != text {
                problems.append(
                    SettingProblem(
                        name: key.path, message: "is given twice, also in \(other.origin)", origin: value.origin))
            }
            values[key] = value
        }
        self.values = values
        self.problems = problems
    }

    /// Kubernetes sets these in every pod when a service is called `convey`.
    private static func isNotOurs(_ name: String) -> Bool {
        ignored.contains(name) || name.hasPrefix("CONVEY_SERVICE_") || name == "CONVEY_PORT"
            || name.hasPrefix("CONVEY_PORT_")
    }
}
