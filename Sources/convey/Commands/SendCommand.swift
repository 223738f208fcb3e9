import ArgumentParser
import Dialogue
import Foundation
import Glibc
import Terminal

/// `convey send SUBJECT TEXT [--wait]`
struct SendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Send a message to a conversation.",
        discussion: """
            Prints the message's id once Convey has recorded it; with --wait, the answer as it is written. With -o json it prints the receipt, or the event that ends the answer.

            Exit status: 0 recorded or answered, 1 rejected, failed or aborted, 3 not confirmed or not answered in time, \
            64 an empty message, 69 no broker, 78 a wrong setting.
            """)

    @Argument(help: "The conversation.", transform: SubjectArgument.parse)
    var subject: SubjectArgument
    @Argument(help: "The message; - reads it from standard input.")
    var text: String
    @Flag(help: "Wait for the answer and print it as it arrives.")
    var wait = false
    @Option(help: "Maximum time --wait waits for the end of the answer.")
    var timeout = DurationArgument(.seconds(120))
    @Option(help: "The message's id. A message sent again with the same id is recorded once.")
    var id: String?
    @OptionGroup
    var output: OutputFlags
    @OptionGroup
    var client: ClientFlags

    func validate() throws {
        if Self.isBlank(text) { throw ValidationError(Self.blankMessage) }
    }

    private static let blankMessage = "the message is empty: nothing was sent"

    private static func isBlank(_ text: String) -> Bool { text.allSatisfy(\.isWhitespace) }

    func run() async throws {
        let text = try messageText()
        if Self.isBlank(text) { throw ValidationError(Self.blankMessage) }
        let settings = try client.settings()
        let session = try ClientSession(settings, subject: subject.subject)
        let topics = ConversationTopics(root: settings.root, subject: subject.subject)
        let signal = OutgoingSignal.message(
            text, subject: subject.subject, id: id ?? OutgoingSignal.newID(), time: Date(), topics: topics)
        var machine = SendMachine(
            messageID: signal.id, waitsForAnswer: wait, expectsReceipt: session.hasReceipts,
            isJSON: output.isJSON)
        let interrupts = SignalWatch([SIGINT, SIGTERM]) { _ in session.post(.interrupted) }
        defer { withExtendedLifetime(interrupts) {} }

        try await session.open(wait ? topics.answer : [])
        session.deliverEvents()
        try await session.publish(signal)
        session.post(.receiptOverdue(signal.id), after: ClientSession.receiptTimeout)
        if wait { session.post(.timeout(signal.id), after: timeout.duration) }

        var status = perform(machine.published())
        var events = session.events.makeAsyncIterator()
        while status == nil, let event = await events.next() { status = perform(machine.handle(event)) }
        await session.close()
        if let status, status != 0 { throw ExitCode(status) }
    }

    private func messageText() throws -> String {
        guard text == "-" else { return text }
        var lines: [String] = []
        while let line = readLine(strippingNewline: false) { lines.append(line) }
        return lines.joined()
    }

    /// Carries out the machine's actions. Returns the exit status if one of them is an exit.
    private func perform(_ actions: [ClientAction]) -> Int32? {
        for action in actions {
            switch action {
            case .write(let text): StandardOutput.write(text)
            case .json(let bytes): StandardOutput.print(json: bytes)
            case .note(let text): StandardError.print(text)
            case .exit(let status): return status
            case .readLine, .sendMessage, .sendAbort, .sendRetry, .sendDecision, .wake:
                preconditionFailure("send orders \(action)")
            }
        }
        return nil
    }
}
