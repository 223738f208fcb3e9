import ArgumentParser
import ConveySettings
import Foundation

/// What all client commands take: how to reach the broker.
struct ClientFlags: ParsableArguments {
    @OptionGroup(title: "Configuration")
    var config: ConfigFileFlag
    @OptionGroup(title: "Broker")
    var broker: BrokerFlags

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

/// A duration on the command line.
struct DurationArgument: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        guard let text = DurationText(argument) else { return nil }
        duration = text.duration
    }

    init(_ duration: Duration) { self.duration = duration }

    var defaultValueDescription: String { DurationText(duration).description }
}

/// A conversation on the command line: any non-blank text of at most 256 bytes without control characters.
struct SubjectArgument: ExpressibleByArgument {
    let subject: String

    init?(argument: String) {
        let isControl = argument.unicodeScalars.contains { $0.properties.generalCategory == .control }
        guard argument.contains(where: { !$0.isWhitespace }), argument.utf8.count <= 256, !isControl else { return nil }
        subject = argument
    }
}
