import Foundation

/// The outcome of a signal, sent to the client that published it (docs/PROTOCOL.md, "Receipts").
package struct Receipt: Sendable, Equatable, Decodable {
    package enum Status: String, Sendable, Decodable {
        case recorded, duplicate, rejected
    }

    package let status: Status
    package let id: String?
    package let offset: Int?
    package let code: String?
    package let message: String?

    /// The received bytes.
    package private(set) var payload: [UInt8] = []

    private enum CodingKeys: String, CodingKey {
        case status, id, offset, code, message
    }

    /// Message and code of a rejection.
    package var why: String {
        guard let message else { return code ?? "no reason given" }
        return code.map { "\(message) (\($0))" } ?? message
    }

    /// Nil if the payload is not a receipt.
    package init?(payload: [UInt8]) {
        guard let receipt = try? JSONDecoder().decode(Receipt.self, from: Data(payload)) else { return nil }
        self = receipt
        self.payload = payload
    }
}
