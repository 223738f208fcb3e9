import ArgumentParser
import ConveyClient
import ConveySettings
import Dialogue
import Foundation
import Glibc
import MQTTTransport
import Signals
import Terminal

/// `convey chat SUBJECT`
struct ChatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat",
        abstract: "Chat in the terminal.",
        discussion: """
            Ctrl-C while an answer runs aborts it; at the prompt Ctrl-C or Ctrl-D ends the chat. What is typed during an answer waits for \
            the prompt. A paste of several lines is one message. /help lists the commands. Without a terminal, each line of standard input \
            is a message or a command, read when the message before is answered.
            """)

    @Argument(help: "The conversation.", transform: SubjectArgument.parse)
    var subject: SubjectArgument
    @Option(help: "Maximum time to wait for the end of an answer.")
    var timeout = DurationArgument(.seconds(300))
    @OptionGroup(title: "History")
    var data: DataDirectoryFlag
    @OptionGroup
    var client: ClientFlags

    /// Time limit for the earlier messages.
    private static let patience = Duration.seconds(3)

    func run() async throws {
        let settings = try client.settings()
        let history = ChatHistory.path(dataDirectory: try data.directory(configFile: client.config.file))
        let session = try ClientSession(settings, subject: subject.subject)
        let topics = ConversationTopics(root: settings.root, subject: subject.subject)
        let isInteractive = isatty(STDIN_FILENO) == 1
        let mode = TerminalMode()
        mode?.begin()
        defer { mode?.restore() }
        var machine = ChatMachine(isInteractive: isInteractive, makeID: OutgoingSignal.newID)
        let interrupts = SignalWatch([SIGINT]) { _ in session.post(.interrupted) }
        let ends = SignalWatch([SIGTERM, SIGHUP]) { number in
            mode?.restore()
            _exit(128 + number)
        }
        defer { withExtendedLifetime((interrupts, ends)) {} }

        try await session.open(topics.answer + [topics.refusals])
        session.deliverEvents()
        if isInteractive {
            await showEarlier(settings)
            StandardError.print("\(subject.subject) at \(settings.address). /help lists the commands, Ctrl-D leaves.")
        }
        let input = LineReader(prompt: isInteractive ? ChatMachine.prompt : "") {
            mode.flatMap { LineEditor(prompt: ChatMachine.prompt, historyPath: history, mode: $0) }
        } onLine: { line in
            session.post(line.map { .line($0) } ?? .endOfInput)
        }

        var status = try await perform(machine.next(), session, topics, input)
        var events = session.events.makeAsyncIterator()
        while status == nil, let event = await events.next() {
            status = try await perform(machine.handle(event), session, topics, input)
        }
        await session.close()
        if let status, status != 0 { throw ExitCode(status) }
    }

    /// Shows the conversation's latest messages. A chat continues without them: there are none yet, or the broker lacks
    /// MQTT 5.
    private func showEarlier(_ settings: BrokerSettings) async {
        guard settings.version == .v5,
            let transport = try? MQTTQueryTransport(
                broker: settings.address, clientID: "convey-cli-\(OutgoingSignal.newID().prefix(13))",
                root: settings.root, timeout: Self.patience)
        else { return }
        let question = Question(
            .timeline, subject: subject.subject, parameters: [.limit: String(EarlierMessages.limit)])
        if let page = try? await ConveyClient(transport).ask(question) {
            for line in EarlierMessages.lines(page) { StandardOutput.print(line) }
        }
        await transport.stop()
    }

    /// Carries out the machine's actions. Returns the exit status if one of them is an exit.
    private func perform(
        _ actions: [ClientAction], _ session: ClientSession, _ topics: ConversationTopics, _ input: LineReader
    ) async throws -> Int32? {
        for action in actions {
            switch action {
            case .write(let text): StandardOutput.write(text)
            case .json(let bytes): StandardOutput.print(json: bytes)
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
            case .sendRetry(let id):
                try await session.publish(
                    .make(
                        SignalType.answerRetryRequested, subject: subject.subject, id: id, time: Date(), topics: topics)
                )
                if session.hasReceipts { session.post(.receiptOverdue(id), after: ClientSession.receiptTimeout) }
                session.post(.timeout(id), after: timeout.duration)
            case .sendDecision(let effect, let isGiven, let reason):
                let data = [("effect_id", JSONValue.string(effect))] + (reason.map { [("reason", .string($0))] } ?? [])
                try await session.publish(
                    .make(
                        isGiven ? SignalType.toolApproved : SignalType.toolDenied, subject: subject.subject,
                        id: OutgoingSignal.newID(), time: Date(), topics: topics, data: data))
            }
        }
        return nil
    }
}
