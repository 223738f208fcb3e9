import ArgumentParser
import ConveySettings

/// Flags of all client commands for the broker.
struct ClientFlags: ParsableArguments {
    @OptionGroup(title: "Connection")
    var broker: ClientBrokerFlags
    @OptionGroup(title: "Connection")
    var config: ConfigFileFlag

    /// The broker's settings; exits with 78 if one is invalid.
    func settings() throws -> BrokerSettings {
        let sources = SettingsOutcome.sources([broker], configFile: config.file)
        return try SettingsOutcome.orExit { () throws(SettingProblems) in
            var resolver = SettingsResolver(sources)
            let settings = BrokerSettings(&resolver, clientIDDefault: nil)
            try resolver.throwProblems()
            return settings
        }
    }
}
