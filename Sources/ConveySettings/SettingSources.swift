/// The values from the command line, the environment and the file. The command line overrides the environment, and the
/// environment overrides the file.
package struct SettingSources: Sendable {
    private let flags: [SettingKey: GivenValue]
    private let environment: [SettingKey: GivenValue]
    private let file: [SettingKey: GivenValue]
    /// Unknown names, settings given twice, a file that cannot be read.
    let problems: [SettingProblem]
    private let variables: [String: String]

    /// - Parameters:
    ///   - flags: the flags that were given, with their texts.
    ///   - configFile: the file named by `--config`; without it `CONVEY_CONFIG` names one.
    ///   - environment: all environment variables; those that do not start with `CONVEY_` are ignored.
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

    /// The value given for a setting. An empty text counts as absent, unless the setting accepts it as a value.
    func given(_ key: SettingKey) -> GivenValue? {
        [flags[key], environment[key], file[key]].lazy.compactMap(\.self).first { !$0.text.isEmpty || key.acceptsEmpty }
    }

    /// An environment variable that a setting names; nil if it is missing or empty.
    func variable(_ name: String) -> String? { variables[name].flatMap { $0.isEmpty ? nil : $0 } }
}
