import ArgumentParser
import Dialogue
import Foundation
import Glibc
import MQTTTransport
import Terminal

/// `convey tail [SUBJECT]`
struct TailCommand: AsyncParsableCommand {
    enum FamilyName: String, ExpressibleByArgument, CaseIterable {
        case `in`, out, effect, applied, audit
    }

    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Follow published events, one line per event.",
        discussion: "Shows new events of one conversation or of all; with -o json, their payloads. Ctrl-C ends it.")

    @Argument(help: "The conversation; all of them when left out.", transform: SubjectArgument.parse)
    var subject: SubjectArgument?
    @Option(name: .customLong("family"), help: "Only this family; may be given several times.")
    var families: [FamilyName] = []
    @Option(name: .customLong("type"), help: "Only events whose type contains this text.")
    var typeFilter: String?
    @OptionGroup
    var output: OutputFlags
    @OptionGroup
    var client: ClientFlags

    func run() async throws {
        let settings = try client.settings()
        let session = try ClientSession(settings)
        let topics =
            subject.map { ConversationTopics(root: settings.root, subject: $0.subject) }
            ?? ConversationTopics(allUnder: settings.root)
        let chosen = families.isEmpty ? FamilyName.allCases : families
        try await session.open(Set(chosen.map { topics.all(of: $0.rawValue) }).sorted())
        if !output.isJSON { StandardOutput.print(TailLine.header) }
        for await message in session.messages where isWanted(message) {
            if output.isJSON {
                StandardOutput.print(json: Self.oneLine(message.payload))
            } else {
                StandardOutput.print(
                    TailLine.text(topic: message.topic, message.payload, now: EventTimestamp.text(Date())))
            }
        }
        StandardError.print("the connection to the broker is closed")
        throw ExitStatus.unavailable
    }

    private func isWanted(_ message: ReceivedMessage) -> Bool {
        guard let typeFilter else { return true }
        return PublishedEvent(payload: message.payload)?.type.contains(typeFilter) ?? false
    }

    /// A payload is one line already unless somebody pretty-printed it; in JSON a raw line feed is only ever space.
    private static func oneLine(_ payload: [UInt8]) -> [UInt8] {
        payload.filter { $0 != UInt8(ascii: "\r") }.map { $0 == UInt8(ascii: "\n") ? UInt8(ascii: " ") : $0 }
    }
}
