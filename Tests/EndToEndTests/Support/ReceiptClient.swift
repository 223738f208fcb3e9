import Foundation
import MQTTTransport
import TestSupport

/// Convey's reply to a publisher about its message (docs/PROTOCOL.md, "Receipts").
struct Receipt: Equatable, Decodable {
    var status: String
    var id: String?
    var subject: String?
    var offset: Int?
    var code: String?
    var message: String?
    var correlation: String?

    /// The part of a receipt that tests compare.
    init(status: String, id: String?, offset: Int?) {
        self.status = status
        self.id = id
        self.offset = offset
    }

    static func == (one: Receipt, other: Receipt) -> Bool {
        one.status == other.status && one.id == other.id && one.offset == other.offset
    }
}

/// Publishes messages and waits for their receipts.
final class ReceiptClient {
    private let client: MQTTClient
    private let receipts: Listener
    private let topic = "conv/receipt/\(UUID().uuidString)"
    private var published = 0

    convenience init(_ deployment: Deployment) async throws {
        try await self.init(port: deployment.broker.port)
    }

    /// - Parameter port: the port of a broker without TLS.
    init(port: Int) async throws {
        client = try MQTTClient(
            MQTTOptions(broker: BrokerAddress(host: "127.0.0.1", port: port), clientID: "client-\(UUID().uuidString)"))
        try await client.start()
        receipts = try await Listener(port: port, filters: [topic])
    }

    func publish(_ signal: OwnSignal) async throws -> Receipt {
        try await publish(topic: signal.message.topic, payload: signal.message.payload)
    }

    func publish(
        topic: String, payload: [UInt8], contentType: String? = nil, userProperties: [(String, String)] = [],
        seconds: Double = 20
    ) async throws -> Receipt {
        let number = try await send(
            topic: topic, payload: payload, contentType: contentType, userProperties: userProperties)
        return try await receipt(for: number, seconds: seconds)
    }

    /// Publishes a signal without waiting for its receipt.
    /// - Returns: the message's number, for `receipt(for:)`.
    func send(_ signal: OwnSignal) async throws -> Int {
        try await send(topic: signal.message.topic, payload: signal.message.payload)
    }

    private func send(
        topic: String, payload: [UInt8], contentType: String? = nil, userProperties: [(String, String)] = []
    ) async throws -> Int {
        published += 1
        try await client.publish(
            topic: topic, payload: payload,
            properties: PublishProperties(
                contentType: contentType, correlationData: Self.correlation(published), responseTopic: self.topic,
                userProperties: userProperties))
        return published
    }

    /// Waits for the receipt of a message.
    func receipt(for number: Int, seconds: Double = 20) async throws -> Receipt {
        var answer: ReceivedMessage?
        try await eventually("a receipt for message \(number)", seconds: seconds) {
            answer = self.answer(to: number)
            return answer != nil
        }
        var receipt = try JSONDecoder().decode(Receipt.self, from: Data(answer?.payload ?? []))
        receipt.correlation = String(decoding: answer?.correlationData ?? [], as: UTF8.self)
        return receipt
    }

    /// Whether a message already has its receipt.
    func hasReceipt(for number: Int) -> Bool { answer(to: number) != nil }

    private func answer(to number: Int) -> ReceivedMessage? {
        receipts.strays.first { $0.correlationData == Self.correlation(number) }
    }

    private static func correlation(_ number: Int) -> [UInt8] { Array("message \(number)".utf8) }

    func stop() async {
        await client.stop()
        await receipts.stop()
    }
}
