/// The settings in the environment.
package struct EnvironmentSettings: Sendable {
    static let prefix = "CONVEY_"
    package static let configFileName = "CONVEY_CONFIG"
    /// The key of the provider `openai`, unless a setting names another source.
    static let apiKeyName = "CONVEY_LLM_API_KEY"
    /// The bearer token that commands send to a service over HTTP.
    package static let httpTokenName = "CONVEY_HTTP_TOKEN"
    /// The authorities that commands trust for a service over HTTPS: a PEM file.
    package static let httpCAFileName = "CONVEY_HTTP_CA_FILE"
    /// No settings: secrets, and variables of the build and of tests, which Convey itself does not read.
    private static let ignored: Set<String> = [
        apiKeyName, httpTokenName, httpCAFileName, "CONVEY_STRICT", "CONVEY_SEEDS",
    ]

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
                problems.append(SettingProblem(name: name, message: "is not a setting\(hint)", origin: nil))
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

    /// Kubernetes sets these in every pod if a service is called `convey`.
    private static func isNotOurs(_ name: String) -> Bool {
        ignored.contains(name) || name.hasPrefix("CONVEY_SERVICE_") || name == "CONVEY_PORT"
            || name.hasPrefix("CONVEY_PORT_")
    }
}
