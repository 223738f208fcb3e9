import ArgumentParser
import ConveySettings

/// Flags of all client commands: how to reach the broker.
struct ClientFlags: ParsableArguments {
    @OptionGroup(title: "Connection")
    var broker: ClientBrokerFlags
    @OptionGroup(title: "Connection")
    var config: ConfigFileFlag

    /// The broker's settings; exits with 78 when one is wrong.
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
