import Foundation
import Logging
import Testing

@testable import convey

@Suite("One line each")
struct OneLineTests {
    private let time = Date(timeIntervalSince1970: 1_795_372_838.125)

    @Test("A log entry is one line of text, with sorted fields, quoted where they have to be")
    func logText() {
        let line = LogLine.text(
            time: time, level: .info, label: "ingress", message: "two\nlines",
            metadata: ["b": "x y", "a": "1", "c": ""])
        #expect(line == "2026-11-22T18:40:38.125Z info     ingress: two | lines a=1 b=\"x y\" c=\"\"")
    }

    @Test("A log entry has no control characters, in its message, its fields or their names, as text and as JSON")
    func logControls() throws {
        let hostile = "a\u{1b}]0;t\u{7}\u{9b}31m\u{7f}"
        let text = LogLine.text(
            time: time, level: .info, label: "l", message: hostile, metadata: ["k": "\(hostile)", hostile: "v"])
        let json = LogLine.json(time: time, level: .info, label: "l", message: hostile, metadata: ["k": "\(hostile)"])
        for line in [text, json] {
            #expect(!line.unicodeScalars.contains { $0.properties.generalCategory == .control }, "\(line)")
        }
        #expect(text.contains(#"k="a\u001b]0;t\u0007\u009b31m\u007f""#))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: String])
        #expect(object["message"] == hostile)
    }

    @Test("Numbers and booleans of a log entry are numbers and booleans in JSON, and as they are in text")
    func logNumbers() throws {
        let metadata: Logger.Metadata = [
            "count": .stringConvertible(3), "share": .stringConvertible(0.5), "is": .stringConvertible(true),
            "subject": "42", "none": .stringConvertible(Double.infinity),
        ]
        let json = LogLine.json(time: time, level: .info, label: "l", message: "m", metadata: metadata)
        #expect(json.hasSuffix(#""count":3,"is":true,"none":"inf","share":0.5,"subject":"42"}"#))
        let text = LogLine.text(time: time, level: .info, label: "l", message: "m", metadata: metadata)
        #expect(text.hasSuffix("count=3 is=true none=inf share=0.5 subject=42"))
    }

    @Test("A log entry in JSON can be read back, whatever is in it")
    func logJSON() throws {
        let line = LogLine.json(
            time: time, level: .warning, label: "l", message: "a \"quoted\"\nline \u{1}", metadata: ["k": "v"])
        #expect(!line.contains("\n"))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
        #expect(object["message"] == "a \"quoted\"\nline \u{1}")
        #expect(object["level"] == "warning")
        #expect(object["k"] == "v")
        #expect(object["time"] == "2026-11-22T18:40:38.125Z")
    }
}
