import ArgumentParser
import Dialogue
import Foundation
import Glibc
import Terminal

/// `convey chat SUBJECT`
struct ChatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat",
        abstract: "Chat in the terminal.",
        discussion: """
            Ctrl-C while an answer runs aborts it; at the prompt Ctrl-C or Ctrl-D ends the chat. Without a terminal, each \
            line of standard input is a message, sent when the one before is answered.
            """)

    @Argument(help: "The conversation.")
    var subject: SubjectArgument
    @Option(help: "Maximum time to wait for the end of an answer.")
    var timeout = DurationArgument(.seconds(300))
    @OptionGroup
    var client: ClientFlags

    func run() async throws {
        let settings = try client.settings()
        let session = try ClientSession(settings, subject: subject.subject)
        let topics = ConversationTopics(root: settings.root, subject: subject.subject)
        let isTerminal = isatty(STDIN_FILENO) == 1
        var machine = ChatMachine(showsPrompt: isTerminal, makeID: OutgoingSignal.newID)
        let interrupts = SignalWatch([SIGINT]) { _ in session.post(.interrupted) }
        defer { withExtendedLifetime(interrupts) {} }

        try await session.open(topics.answer)
        session.deliverEvents()
        if isTerminal {
            StandardError.print("\(subject.subject) at \(settings.address). Ctrl-C aborts an answer, Ctrl-D leaves.")
        }
        let input = LineReader { line in session.post(line.map { .line($0) } ?? .endOfInput) }

        var status = try await perform(machine.next(), session, topics, input)
        var events = session.events.makeAsyncIterator()
        while status == nil, let event = await events.next() {
            status = try await perform(machine.handle(event), session, topics, input)
        }
        await session.close()
        if let status, status != 0 { throw ExitCode(status) }
    }

    /// Carries out the machine's actions. Returns the exit status if one of them is an exit.
    private func perform(
        _ actions: [ClientAction], _ session: ClientSession, _ topics: ConversationTopics, _ input: LineReader
    ) async throws -> Int32? {
        for action in actions {
            switch action {
            case .write(let text): StandardOutput.write(text)
            case .note(let text): StandardError.print(text)
            case .exit(let status): return status
            case .wake(let name, let delay): session.post(.timeout(name), after: delay)
            case .readLine: input.readOne()
            case .sendMessage(let id, let text):
                try await session.publish(
                    .message(text, subject: subject.subject, id: id, time: Date(), topics: topics))
                if session.hasReceipts { session.post(.receiptOverdue(id), after: ClientSession.receiptTimeout) }
                session.post(.timeout(id), after: timeout.duration)
            case .sendAbort:
                try await session.publish(
                    .abort(subject: subject.subject, id: OutgoingSignal.newID(), time: Date(), topics: topics))
            }
        }
        return nil
    }
}
