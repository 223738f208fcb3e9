import ArgumentParser
import Conversation
import ConveyClient
import Dialogue
import MQTTTransport
import Signals
import Terminal

/// `convey fork SUBJECT --at OFFSET NEW_SUBJECT`
struct ForkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fork",
        abstract: "Start a new conversation with the history of another one.",
        discussion: """
            Reads the conversation up to the offset from the running service, and publishes copies to conv/ingest: same \
            ids, sources and data, with the attribute forkedfrom. Copies order nothing: no answer runs again. Repeat the \
            same command after an interruption; what is recorded is not recorded twice. Needs MQTT 5.

            Exit status: 0 everything is recorded, 1 refused, 66 no such conversation, 69 no broker or no answer, \
            78 a wrong setting.
            """)

    @Argument(help: "The conversation to copy from.", transform: SubjectArgument.parse)
    var subject: SubjectArgument
    @Argument(help: "The new conversation.", transform: SubjectArgument.parse)
    var newSubject: SubjectArgument
    @Option(parsing: .unconditional, help: "The last offset to copy.")
    var at: Int64
    @OptionGroup
    var output: OutputFlags
    @OptionGroup
    var client: ClientFlags

    /// Maximum unconfirmed copies.
    private static let batch = 200

    func validate() throws {
        guard at >= 1 else { throw ValidationError("--at must be an offset, from 1") }
        guard ExactText(subject.subject) != ExactText(newSubject.subject) else {
            throw ValidationError("a conversation cannot be a fork of itself")
        }
    }

    func run() async throws {
        let settings = try client.settings()
        guard settings.version == .v5 else {
            StandardError.print("fork needs mqtt.version 5")
            throw ExitStatus.badSettings
        }
        let transport = try MQTTQueryTransport(
            broker: settings.address, clientID: "convey-cli-\(OutgoingSignal.newID().prefix(13))", root: settings.root)
        let session = try ClientSession(settings, subject: newSubject.subject)
        do {
            let copies = try await copies(ConveyClient(transport))
            try await session.open([])
            session.deliverEvents()
            try await publish(copies, session)
            printOutcome(count: copies.count)
        } catch {
            await transport.stop()
            await session.close()
            guard let error = error as? ConveyClientError else { throw error }
            StandardError.print(error.message)
            throw ExitStatus.of(error)
        }
        await transport.stop()
        await session.close()
    }

    private func printOutcome(count: Int) {
        guard output.isJSON else {
            return StandardOutput.print(
                "\(newSubject.subject): \(count) signals from \(subject.subject) up to offset \(at)")
        }
        var object = JSONObjectBuilder()
        object.add("subject", newSubject.subject)
        object.add("from", subject.subject)
        object.add("at", at)
        object.add("signals", count)
        StandardOutput.print(json: object.finish())
    }

    /// Everything to publish, in order.
    private func copies(_ convey: ConveyClient) async throws -> [ForkCopier.Copy] {
        try await refuseExisting(convey)
        var copier = ForkCopier(from: subject.subject, through: at, subject: newSubject.subject)
        var copies: [ForkCopier.Copy] = []
        var newest: Int64 = 0
        let question = Question(
            .events, subject: subject.subject, parameters: [.after: "0", .asOf: String(at), .limit: "500"])
        for try await page in convey.pages(question) {
            newest = page.json["as_of"]?.int.map(Int64.init) ?? newest
            for event in JSONObjectView(page.bytes)?["events"]?.elements ?? [] {
                if let copy = copier.copy(event) { copies.append(copy) }
            }
        }
        guard newest >= at else {
            StandardError.print("\(subject.subject) ends at offset \(newest)")
            throw ExitStatus.failed
        }
        return copies + copier.ends()
    }

    /// A conversation with its own history must not receive another one's. A fork that this command started is completed.
    private func refuseExisting(_ convey: ConveyClient) async throws {
        let question = Question(
            .events, subject: newSubject.subject, parameters: [.after: "0", .limit: "1"])
        do {
            let first = try await convey.ask(question).elements.first
            let from = first?[Signal.forkedFrom]?.string
            guard from?.hasPrefix(TopicName.encode(level: subject.subject) + "/") == true else {
                StandardError.print("\(newSubject.subject) exists already; choose a new subject")
                throw ExitStatus.failed
            }
        } catch let error as ConveyClientError where error.refusal == QueryError.Code.notFound.rawValue {
            return
        }
    }

    /// Publishes one batch after another, each once the previous one is recorded.
    private func publish(_ copies: [ForkCopier.Copy], _ session: ClientSession) async throws {
        let topic = "\(session.settings.root)/ingest/\(TopicName.encode(level: newSubject.subject))"
        var events = session.events.makeAsyncIterator()
        for start in stride(from: 0, to: copies.count, by: Self.batch) {
            let batch = copies[start..<min(start + Self.batch, copies.count)]
            for copy in batch {
                try await session.publish(
                    OutgoingSignal(id: copy.id, topic: topic, payload: String(decoding: copy.payload, as: UTF8.self)))
            }
            var open = batch.count
            session.post(.timeout(String(start)), after: ClientSession.receiptTimeout)
            while open > 0 {
                switch await events.next() {
                case .receipt(let receipt) where receipt.status == .rejected:
                    StandardError.print("a copy was rejected: \(receipt.why)")
                    throw ExitStatus.failed
                case .receipt: open -= 1
                case .timeout(String(start)), .connectionEnded, nil:
                    StandardError.print("not everything is confirmed; repeat the same command")
                    throw ExitStatus.unavailable
                case .published, .receiptOverdue, .timeout, .interrupted, .line, .endOfInput: break
                }
            }
        }
    }
}
