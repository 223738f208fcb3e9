import ArgumentParser
import ConveySettings

struct OperationFlags: SettingFlags {
    @Option(name: Settings.logLevel.name, help: Settings.logLevel.argumentHelp)
    var logLevel: String?
    @Option(name: Settings.logFormat.name, help: Settings.logFormat.argumentHelp)
    var logFormat: String?
    @Option(name: Settings.shutdownTimeout.name, help: Settings.shutdownTimeout.argumentHelp)
    var shutdownTimeout: String?
    @Flag(
        name: Settings.verifyBackground.name, inversion: .prefixedNo, help: Settings.verifyBackground.argumentHelp)
    var verifyBackground: Bool?

    var texts: [(key: SettingKey, text: String?)] {
        [
            (Settings.logLevel.key, logLevel), (Settings.logFormat.key, logFormat),
            (Settings.shutdownTimeout.key, shutdownTimeout),
            (Settings.verifyBackground.key, verifyBackground.map { String($0) }),
        ]
    }
}
