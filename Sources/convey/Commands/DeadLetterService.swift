import ConveyClient
import ConveySettings
import JournalPort
import ServiceClient
import Signals
import Terminal

/// The running service.
struct DeadLetterService: DeadLetterEndpoint {
    let service: ServiceEndpoint
    /// 1,000 letters, or one with the largest payload.
    private static let answerLimit = 64 << 20

    func list(_ selection: DeadLetterSelection, after: String?, limit: Int) async throws -> String {
        let after = after.map { "after=\($0)&" } ?? ""
        let reason = selection.word.map { "reason=\($0)&" } ?? ""
        return try await ask("GET", "/v1/deadletters?\(after)\(reason)limit=\(limit)")
    }

    func show(_ position: String) async throws -> String { try await ask("GET", "/v1/deadletters/\(position)") }

    func move(_ action: DeadLetterMove.Action, _ positions: [String]) async throws -> String {
        // Only a position with a shard has to be a text.
        let list = positions.map { $0.contains(".") ? "\"\($0)\"" : $0 }.joined(separator: ",")
        return try await ask(
            "POST", "/v1/deadletters/\(action.rawValue)", json: Array("{\"positions\":[\(list)]}".utf8))
    }

    /// The words of a refusal; nil where it is not one of Convey's.
    private static func message(_ body: String) -> String? { (try? JSONValue(Array(body.utf8)))?["message"]?.string }

    private func ask(_ method: String, _ path: String, json: [UInt8]? = nil) async throws -> String {
        let answer: HTTPProbe.Answer
        switch await service.request(
            method, path, json: json, headers: ServiceEndpoint.credentials, limit: Self.answerLimit)
        {
        case .success(let found): answer = found
        case .failure(let failure):
            StandardError.print("\(service) \(failure.message) Or give --data DIR")
            throw ExitStatus.unavailable
        }
        let body = answer.body.trimmingCharacters(in: .newlines)
        switch answer.status {
        case 200: return body
        case 404:
            StandardError.print("no such dead letter")
            throw ExitStatus.noInput
        default:
            StandardError.print(ConveyClient.refusal(answer.status, Self.message(body)))
            throw ExitStatus.unavailable
        }
    }
}
