/// Everything about a setting except the type of its value: its names in all sources, and its documentation.
package struct SettingKey: Sendable, Hashable {
    /// The heading under which help and the printed configuration show it.
    package enum Section: String, Sendable, CaseIterable {
        case broker = "Broker"
        case node = "Node"
        case ingress = "Ingress and journal"
        case scheduling = "Scheduling and outbox"
        case effects = "Effects"
        case models = "Language models"
        case operation = "Operation"
    }

    /// How much of the value may be shown.
    package enum Secrecy: Sendable {
        case open
        /// Nothing of it.
        case secret
        /// A URL that may contain a password.
        case urlWithPassword
        /// A URL whose password and query must not be shown.
        case url
    }

    /// The path in the YAML file, `broker.url`. It is the setting's name in messages.
    package let path: String
    /// The long flag without its dashes, `broker`.
    package let flag: String
    package let section: Section
    /// The placeholder for the value in help, `URL`; nil for a switch, whose flag takes no value.
    package let placeholder: String?
    /// The default as text; nil if there is none or it is computed.
    package let defaultText: String?
    /// The description of a computed default in help, `the host's name`.
    package let defaultNote: String?
    package let help: String
    package let secrecy: Secrecy
    /// Whether an empty text is a value. Otherwise it means that the setting is not given.
    package let acceptsEmpty: Bool
    /// Whether the value is a mapping or a list: in the YAML file everything below the path, elsewhere JSON text.
    package let isStructured: Bool

    /// The names of environment variables, the one made from the path first: `CONVEY_BROKER_URL`, `CONVEY_BROKER`.
    package var environment: [String] {
        let fromPath = Self.environmentName(path)
        let fromFlag = Self.environmentName(flag)
        return fromPath == fromFlag ? [fromPath] : [fromPath, fromFlag]
    }

    private static func environmentName(_ name: String) -> String {
        "CONVEY_" + name.uppercased().replacing(".", with: "_").replacing("-", with: "_")
    }

    package static func == (left: Self, right: Self) -> Bool { left.path == right.path }
    package func hash(into hasher: inout Hasher) { hasher.combine(path) }
}
