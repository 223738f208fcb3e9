import Foundation

/// The outcome of a signal, sent to the client that published it (docs/PROTOCOL.md, "Receipts").
struct Receipt: Sendable, Equatable, Decodable {
    enum Status: String, Sendable, Decodable {
        case recorded, duplicate, rejected
    }

    let status: Status
    let id: String?
    let offset: Int?
    let code: String?
    let message: String?

    /// Code and message of a rejection.
    var why: String { [code, message].compactMap(\.self).joined(separator: ": ") }

    /// Nil when the payload is not a receipt.
    init?(payload: [UInt8]) {
        guard let receipt = try? JSONDecoder().decode(Receipt.self, from: Data(payload)) else { return nil }
        self = receipt
    }
}
