import Dialogue
import Foundation
import Logging
import Terminal

/// Formats a log entry as one line.
enum LogLine {
    /// `2026-11-22T18:40:38.123Z info     ingress: message key=value`
    static func text(
        time: Date, level: Logger.Level, label: String, message: String, metadata: Logger.Metadata
    ) -> String {
        let name = level.rawValue
        let padding = String(repeating: " ", count: max(0, 8 - name.count))
        var line = "\(EventTimestamp.text(time)) \(name)\(padding) \(label): \(oneLine(message))"
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            line += " \(PrintableText.line(key))=\(quotedWhereNeeded("\(value)"))"
        }
        return line
    }

    /// `{"time":"…","level":"info","label":"ingress","message":"…","key":"value","count":3}`. Numbers and booleans are numbers and
    /// booleans where the log entry has them as such (`.stringConvertible`); everything else is a text.
    static func json(
        time: Date, level: Logger.Level, label: String, message: String, metadata: Logger.Metadata
    ) -> String {
        var fields = [
            ("time", EventTimestamp.text(time)), ("level", level.rawValue), ("label", label), ("message", message),
        ]
        .map { ($0.0, PrintableText.quoted($0.1)) }
        fields += metadata.sorted { $0.key < $1.key }.map { ($0.key, json($0.value)) }
        return "{" + fields.map { "\(PrintableText.quoted($0.0)):\($0.1)" }.joined(separator: ",") + "}"
    }

    private static func json(_ value: Logger.MetadataValue) -> String {
        guard case .stringConvertible(let value) = value else { return PrintableText.quoted("\(value)") }
        return switch value {
        case let number as any BinaryInteger: number.description
        case let truth as Bool: truth.description
        // JSON has no infinity.
        case let number as Double where number.isFinite: number.description
        default: PrintableText.quoted(value.description)
        }
    }

    private static func quotedWhereNeeded(_ value: String) -> String {
        let isPlain =
            !value.isEmpty && value == PrintableText.line(value)
            && value.allSatisfy { !$0.isWhitespace && $0 != "\"" && $0 != "=" && $0 != "\\" }
        return isPlain ? value : PrintableText.quoted(value)
    }

    private static func oneLine(_ text: String) -> String {
        PrintableText.line(text.split(whereSeparator: \.isNewline).joined(separator: " | "))
    }
}
