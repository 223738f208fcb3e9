import ConveySettings
import Foundation
import Logging
import Terminal

/// Writes each log entry to standard error as one line with one `write`, so that lines of several threads do not mix.
struct StandardErrorLogHandler: LogHandler {
    let label: String
    let format: LogFormat
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    /// Makes every logger of the process write here. Call it once, first.
    static func bootstrap(level: Logger.Level, format: LogFormat) {
        LoggingSystem.bootstrap { label in
            StandardErrorLogHandler(label: label, format: format, logLevel: level)
        }
    }

    init(label: String, format: LogFormat, logLevel: Logger.Level) {
        self.label = label
        self.format = format
        self.logLevel = logLevel
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata
        all.merge(metadataProvider?.get() ?? [:]) { _, new in new }
        all.merge(event.metadata ?? [:]) { _, new in new }
        if let error = event.error { all["error"] = "\(error)" }
        let (now, message) = (Date(), event.message.description)
        let line =
            switch format {
            case .text: LogLine.text(time: now, level: event.level, label: label, message: message, metadata: all)
            case .json: LogLine.json(time: now, level: event.level, label: label, message: message, metadata: all)
            }
        StandardError.print(line)
    }
}
