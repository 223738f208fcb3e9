import Foundation
import MQTTTransport
import Synchronization
import TestSupport

/// Publishes like a client that must not lose anything in a broker's crash: each id repeatedly until its receipt
/// arrives (docs/PROTOCOL.md, "Receipts").
final class RepeatingPublisher: Sendable {
    /// Published at once; the next ones follow once these are confirmed.
    private static let burst = 25
    /// The wait for receipts before unconfirmed signals are published again.
    private static let patience = Duration.milliseconds(700)

    private let name: String
    private let confirmedOffsets = Mutex<[String: Int]>([:])
    private let contradictions = Mutex<[String]>([])

    init(name: String) { self.name = name }

    /// Id to offset, as in the receipts.
    var confirmed: [String: Int] { confirmedOffsets.withLock { $0 } }
    /// Receipts that name another offset than an earlier one for the same id.
    var contradicting: [String] { contradictions.withLock { $0 } }

    func run(port: Int, count: Int) async throws {
        let client = try MQTTClient(
            MQTTOptions(broker: BrokerAddress(host: "127.0.0.1", port: port), clientID: name),
            answerTimeout: .seconds(90))
        try await client.start()
        let topic = "conv/receipt/\(name)"
        try await client.subscribe([topic])
        // Ends with the client's stream.
        let reader = Task { for await message in client.messages { self.take(message) } }
        for start in stride(from: 0, to: count, by: Self.burst) {
            try await confirm((start..<min(count, start + Self.burst)).map { "\(name)-\($0)" }, client, topic)
        }
        await client.stop()
        await reader.value
    }

    private func confirm(_ ids: [String], _ client: MQTTClient, _ topic: String) async throws {
        var open = ids
        while !open.isEmpty {
            try await client.publishMany(open.map { message($0, receiptsTo: topic) })
            let again = ContinuousClock.now + Self.patience
            try await eventually("receipts, or time to repeat") {
                open = open.filter { confirmed[$0] == nil }
                return open.isEmpty || ContinuousClock.now >= again
            }
        }
    }

    private func message(_ id: String, receiptsTo topic: String) -> OutgoingMessage {
        var message = OwnSignal(
            subject: "crash-\(abs(id.count + (id.last?.hexDigitValue ?? 0)) % 5)", source: "/\(name)", id: id,
            type: "conv.in.note.taken", content: "a note"
        ).message
        message.properties = PublishProperties(correlationData: Array(id.utf8), responseTopic: topic)
        return message
    }

    private func take(_ message: ReceivedMessage) {
        // An unreadable receipt confirms nothing: its signal is published again.
        guard let receipt = try? JSONDecoder().decode(Receipt.self, from: Data(message.payload)), let id = receipt.id,
            let offset = receipt.offset, receipt.status != "rejected"
        else { return }
        let earlier = confirmedOffsets.withLock { confirmed in
            defer { confirmed[id] = offset }
            return confirmed[id]
        }
        if let earlier, earlier != offset {
            contradictions.withLock { $0.append("\(id): \(earlier), then \(offset)") }
        }
    }
}
