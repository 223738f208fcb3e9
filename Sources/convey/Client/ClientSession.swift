import ArgumentParser
import ConveySettings
import Dialogue
import Foundation
import MQTTTransport
import Terminal

/// A client command's connection to the broker, and the single stream of its events.
final class ClientSession: Sendable {
    /// How long to wait for a receipt before telling the user.
    static let receiptTimeout = Duration.seconds(5)

    let events: AsyncStream<ClientEvent>
    let settings: BrokerSettings
    /// The topic of this client's receipts; nil for a client that publishes nothing, and with MQTT 3.1.1.
    private let receiptTopic: String?
    private let post: AsyncStream<ClientEvent>.Continuation
    private let client: MQTTClient

    /// - Parameter subject: the conversation that it publishes to; nil for none.
    init(_ settings: BrokerSettings, subject: String? = nil) throws {
        self.settings = settings
        let clientID = settings.clientID ?? "convey-cli-\(OutgoingSignal.newID().prefix(13))"
        receiptTopic =
            settings.version == .v5
            ? subject.map { ConversationTopics(root: settings.root, subject: $0).receipts(clientID: clientID) } : nil
        client = try MQTTClient(
            MQTTOptions(broker: settings.address, clientID: clientID, version: settings.version))
        (events, post) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
    }

    var hasReceipts: Bool { settings.version == .v5 }

    /// Connects, subscribes, and starts to deliver events. Errors end the command with 69.
    func open(_ filters: [String]) async throws {
        do {
            try await client.start()
            let wanted = filters + (receiptTopic.map { [$0] } ?? [])
            if !wanted.isEmpty { try await client.subscribe(wanted) }
        } catch {
            await client.stop()
            StandardError.print(error.forPeople)
            throw ExitStatus.unavailable
        }
    }

    /// Delivers what the broker sends as events. The task ends with the client.
    func deliverEvents() {
        Task { [client, post, receiptTopic] in
            for await message in client.messages {
                if message.topic == receiptTopic {
                    if let receipt = Receipt(payload: message.payload) { post.yield(.receipt(receipt)) }
                } else if let event = PublishedEvent(payload: message.payload) {
                    post.yield(.published(event))
                }
            }
            post.yield(.connectionEnded)
        }
    }

    /// The raw messages, for commands that need them.
    var messages: AsyncStream<ReceivedMessage> { client.messages }

    /// Publishes at QoS 1 and waits for the broker's acknowledgement.
    func publish(_ signal: OutgoingSignal) async throws {
        let properties = PublishProperties(
            contentType: OutgoingSignal.contentType, correlationData: receiptTopic.map { _ in Array(signal.id.utf8) },
            responseTopic: receiptTopic)
        do {
            try await client.publish(topic: signal.topic, payload: Array(signal.payload.utf8), properties: properties)
        } catch {
            StandardError.print(error.forPeople)
            throw ExitStatus.unavailable
        }
    }

    /// Posts an event after a delay. The task is abandoned if the command ends earlier.
    func post(_ event: ClientEvent, after delay: Duration) {
        Task { [post] in
            try await Task.sleep(for: delay)
            post.yield(event)
        }
    }

    /// Posts an event now.
    func post(_ event: ClientEvent) { post.yield(event) }

    func close() async { await client.stop() }
}
