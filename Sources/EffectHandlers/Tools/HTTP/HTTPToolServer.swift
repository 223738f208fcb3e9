import ChatCompletions
import EffectPort
import FoundationEssentials
import NIOHTTP1
import Signals

/// Interprets the responses of a tool's server.
struct HTTPToolServer: Sendable {
    let tool: String
    /// Its URL without the query.
    let place: String
    /// Secrets to remove from messages, in case the server repeats them.
    let secrets: [Secret]

    /// The content of an answer with a status of success: a JSON string's text, other JSON or any other text as it is.
    func content(_ headers: HTTPHeaders, body: [UInt8]) throws(EffectFailure) -> String {
        if let encoding = ContentEncoding.unreadable(headers.first(name: "content-encoding")) {
            throw failure(
                .provider, "answered in the unsupported content encoding \(clean(encoding))",
                advice: "Convey requests no compression: check the proxies in between")
        }
        let contentType = headers.first(name: "content-type")
        let type = contentType?.prefix { $0 != ";" }.lowercased().filter { $0 != " " && $0 != "\t" } ?? ""
        guard type == "application/json" || type.hasSuffix("+json"), !body.isEmpty else {
            guard let text = String(validating: body, as: UTF8.self) else {
                throw failure(
                    .provider, "answered with something other than text", advice: "Make it return JSON or UTF-8")
            }
            return text
        }
        do {
            return ToolContent.text(of: try JSONSlice(body))
        } catch {
            throw failure(.provider, "answered with invalid JSON: \(error)")
        }
    }

    /// An answer with any other status.
    func refusal(status: Int, headers: HTTPHeaders, body: [UInt8]) -> ToolFailure {
        var what = "answered \(status)"
        var words: String?
        if let encoding = ContentEncoding.unreadable(headers.first(name: "content-encoding")) {
            what += ", with a body in the unsupported content encoding \(clean(encoding))"
        } else if let text = ProviderText.words(of: body).map(clean), !text.isEmpty {
            words = text
        }
        let retryAfter = headers.first(name: "retry-after").flatMap {
            RetryAfter.parse($0, now: Int64(Date().timeIntervalSince1970))
        }
        switch status {
        case 300..<400:
            let target = headers.first(name: "location").map { " to \(clean(String($0.prefix { $0 != "?" })))" } ?? ""
            return refusal(
                .config, status, "answered \(status), a redirect\(target)", nil,
                advice: "Redirects are not followed: set url to the right address")
        case 401, 403: return refusal(.auth, status, what, words, advice: "Check the tool's header_files")
        case 408: return refusal(.timeout, status, what, words, retryAfter: retryAfter)
        case 429: return refusal(.provider, status, what, words, retryAfter: retryAfter)
        case 400..<500: return refusal(.config, status, what, words)
        default: return refusal(.provider, status, what, words, retryAfter: retryAfter)
        }
    }

    /// - Parameter words: the server's own, which the log does not show.
    private func refusal(
        _ category: EffectFailure.Category, _ status: Int, _ what: String, _ words: String?, advice: String? = nil,
        retryAfter: Duration? = nil
    ) -> ToolFailure {
        let whole = words.map { "\(what): \($0)" } ?? what
        return ToolFailure(
            failure(
                category, whole, advice: advice, retryAfter: retryAfter, isUnavailable: ChatProvider.isAway(status)),
            reason: sentence(what, advice: advice), status: status)
    }

    /// There was no response, or only a part of it.
    func failure(of error: any Error, connectTimeout: Duration) -> EffectFailure {
        let fault = TransportFault(error, connectTimeout: connectTimeout, address: "url")
        let category: EffectFailure.Category =
            switch fault.kind {
            case .config: .config
            // No connection in time: the call was not sent.
            case .timeout, .transport: .transport
            case .canceled: .canceled
            }
        return failure(category, fault.what, advice: fault.advice, isUnavailable: fault.isUnavailable)
    }

    private func clean(_ text: String) -> String { ProviderText.clean(text, secrets: secrets) }

    private func failure(
        _ category: EffectFailure.Category, _ what: String, advice: String? = nil, retryAfter: Duration? = nil,
        isUnavailable: Bool = false
    ) -> EffectFailure {
        EffectFailure(
            category, sentence(what, advice: advice), retryAfter: retryAfter, isUnavailable: isUnavailable)
    }

    private func sentence(_ what: String, advice: String?) -> String {
        let end = advice.map { what.hasSuffix(".") ? " \($0)" : ". \($0)" } ?? ""
        return "the tool \(tool) (\(place)) \(what)\(end)"
    }
}
