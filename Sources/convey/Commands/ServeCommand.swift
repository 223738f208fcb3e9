import ArgumentParser
import ConveySettings
import Foundation
import Terminal

/// `convey serve`
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the conversation runtime.",
        discussion: """
            Each setting comes from its flag, else from the environment variable, else from the YAML file at the path \
            in brackets. If a setting is wrong, the start ends with exit status 78 and one line per wrong setting.

            SIGINT or SIGTERM stops it: work in progress is finished or left to the next start. A second one ends it \
            at once. SIGHUP makes it read the token and certificate files again.
            """)

    @OptionGroup(title: "Configuration")
    var config: ConfigFileFlag
    @Flag(help: "Print the settings in force, with the origin of each and secrets masked, and exit.")
    var printConfig = false
    @OptionGroup(title: "Broker")
    var broker: BrokerFlags
    @OptionGroup(title: "Node and embedded broker")
    var node: NodeFlags
    @OptionGroup(title: "Ingress, journal, scheduling, outbox")
    var engine: EngineFlags
    @OptionGroup(title: "Effects")
    var effects: EffectFlags
    @OptionGroup(title: "Effects: generations")
    var llmPolicy: LLMPolicyFlags
    @OptionGroup(title: "Effects: tools, timers, bounds")
    var toolPolicy: ToolPolicyFlags
    @OptionGroup(title: "Language models")
    var models: ModelFlags
    @OptionGroup(title: "Operation")
    var operation: OperationFlags

    /// All flags that are settings.
    var settingFlags: [any SettingFlags] {
        [broker, node, engine, effects, llmPolicy, toolPolicy, models, operation]
    }

    func run() async throws {
        let sources = SettingsOutcome.sources(settingFlags, configFile: config.file)
        let settings = try SettingsOutcome.orExit { () throws(SettingProblems) in try ServeSettings(sources) }
        if printConfig {
            StandardOutput.write(PrintedSettings.yaml(settings.inForce))
            return
        }
        StandardErrorLogHandler.bootstrap(level: settings.logLevel, format: settings.logFormat)
        try await server(settings).run()
    }

    private func server(_ settings: ServeSettings) throws -> Server {
        do {
            return try Server(settings)
        } catch {
            StandardError.print("journal.url: \(error.message)")
            throw ExitStatus.badSettings
        }
    }
}
