import Foundation
import MQTTTransport
import TestSupport

/// What Convey says to a publisher about its message (DESIGN, "Receipts").
struct Receipt: Equatable, Decodable {
    var status: String
    var id: String?
    var subject: String?
    var offset: Int?
    var code: String?
    var message: String?
    var correlation: String?

    /// A receipt by what tests compare.
    init(status: String, id: String?, offset: Int?) {
        self.status = status
        self.id = id
        self.offset = offset
    }

    static func == (one: Receipt, other: Receipt) -> Bool {
        one.status == other.status && one.id == other.id && one.offset == other.offset
    }
}

/// Publishes one message at a time and waits for its receipt.
final class ReceiptClient {
    private let client: MQTTClient
    private let receipts: Listener
    private let topic = "conv/receipt/\(UUID().uuidString)"
    private var published = 0

    init(_ deployment: Deployment) async throws {
        client = try await deployment.client()
        receipts = try await deployment.listener([topic])
    }

    func publish(_ signal: OwnSignal) async throws -> Receipt {
        try await publish(topic: signal.message.topic, payload: signal.message.payload)
    }

    func publish(
        topic: String, payload: [UInt8], contentType: String? = nil, userProperties: [(String, String)] = [],
        seconds: Double = 20
    ) async throws -> Receipt {
        published += 1
        let correlation = Array("message \(published)".utf8)
        try await client.publish(
            topic: topic, payload: payload,
            properties: PublishProperties(
                contentType: contentType, correlationData: correlation, responseTopic: self.topic,
                userProperties: userProperties))
        var answer: ReceivedMessage?
        try await eventually("a receipt for \(topic)", seconds: seconds) {
            answer = receipts.strays.first { $0.correlationData == correlation }
            return answer != nil
        }
        var receipt = try JSONDecoder().decode(Receipt.self, from: Data(answer?.payload ?? []))
        receipt.correlation = String(decoding: answer?.correlationData ?? [], as: UTF8.self)
        return receipt
    }

    func stop() async {
        await client.stop()
        await receipts.stop()
    }
}
