import ArgumentParser
import ConveyClient
import ConveySettings
import Dialogue
import Foundation
import Glibc
import Signals
import Terminal

/// Publishes one signal for a command and prints what follows from it.
struct SignalPublication {
    static let exits =
        "Exit status: 0 recorded, 1 rejected or no such effect, 3 not confirmed in time, 66 no such conversation, 69 no broker, 78 a wrong setting."

    let type: String
    let subject: String
    let settings: BrokerSettings
    /// What to say when nothing follows.
    let otherwise: String
    let isJSON: Bool

    /// How long the answer to that question may take.
    private static let patience = Duration.seconds(3)

    /// Ends the command if Convey says that there is no such conversation. Without an answer the signal is published, and begins it: the
    /// service may be away, or the broker may not know MQTT 5.
    func requireConversation() async throws {
        guard settings.version == .v5,
            let transport = try? MQTTQueryTransport(
                broker: settings.address, clientID: "convey-cli-\(OutgoingSignal.newID().prefix(13))",
                root: settings.root, timeout: Self.patience)
        else { return }
        let question = Question(.events, subject: subject, parameters: [.limit: "1"])
        var refusal: ConveyClientError?
        do { _ = try await ConveyClient(transport).ask(question) } catch { refusal = error as? ConveyClientError }
        await transport.stop()
        guard let refusal, ExitStatus.of(refusal) == ExitStatus.noInput else { return }
        StandardError.print(refusal.message)
        throw ExitStatus.noInput
    }

    /// - Parameter data: members of the signal's data; those without a value are left out.
    func run(_ data: [(String, JSONValue?)]) async throws {
        let session = try ClientSession(settings, subject: subject)
        let topics = ConversationTopics(root: settings.root, subject: subject)
        let signal = OutgoingSignal.make(
            type, subject: subject, id: OutgoingSignal.newID(), time: Date(), topics: topics,
            data: data.compactMap { name, value in value.map { (name, $0) } })
        var machine = SignalMachine(
            id: signal.id, expectsReceipt: session.hasReceipts, otherwise: otherwise, isJSON: isJSON)
        let interrupts = SignalWatch([SIGINT, SIGTERM]) { _ in session.post(.interrupted) }
        defer { withExtendedLifetime(interrupts) {} }

        try await session.open(topics.consequences)
        session.deliverEvents()
        try await session.publish(signal)
        session.post(.receiptOverdue(signal.id), after: ClientSession.receiptTimeout)

        var status: Int32?
        var events = session.events.makeAsyncIterator()
        while status == nil, let event = await events.next() {
            status = perform(machine.handle(event), session)
        }
        await session.close()
        if let status, status != 0 { throw ExitCode(status) }
    }

    /// Carries out the machine's actions. Returns the exit status if one of them is an exit.
    private func perform(_ actions: [ClientAction], _ session: ClientSession) -> Int32? {
        for action in actions {
            switch action {
            case .write(let text): StandardOutput.write(text)
            case .json(let bytes): StandardOutput.print(json: bytes)
            case .note(let text): StandardError.print(text)
            case .exit(let status): return status
            case .wake(let name, let delay): session.post(.timeout(name), after: delay)
            case .readLine, .sendMessage, .sendAbort, .sendRetry, .sendDecision:
                preconditionFailure("a signal orders \(action)")
            }
        }
        return nil
    }
}
