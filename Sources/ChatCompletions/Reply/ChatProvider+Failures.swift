extension ChatProvider {
    /// An answer with a status other than 200.
    func refusal(_ head: ReplyHead, body: [UInt8]) -> ChatFailure {
        let error = ProviderError(body: body)
        let status = head.status
        var category = ProviderError.category(ofStatus: status)
        // A wrong key can come as 400 and missing credit as 429: neither goes away by waiting.
        if (400..<500).contains(status), error?.category == .auth { category = .auth }
        var what = "answered \(status)"
        if (300..<400).contains(status), let location = head.location {
            // What stands in its query is nobody's business.
            what += ", a redirect to \(clean(String(location.prefix { $0 != "?" })))"
        }
        if let message = error?.message, !message.isEmpty { what += ": \(clean(message))" }
        if let requestID = head.requestID { what += " (request id \(clean(requestID)))" }
        return failure(
            category, what, advice: advice(status: status, category: category, error: error),
            retryAfter: head.retryAfter, status: status)
    }

    /// A reply that began as one and cannot be used.
    func failure(of fault: ReplyFault) -> ChatFailure {
        switch fault {
        case .malformed(let error):
            failure(
                .provider, "sent what is no JSON object" + (error.map { " (\($0))" } ?? ""),
                advice: "Check that it is an OpenAI-compatible server")
        case .unexpected(let member):
            failure(.provider, "sent \(member) in a form that is not known here")
        case .reported(let error):
            failure(
                error.category ?? error.status.map(ProviderError.category(ofStatus:)) ?? .provider,
                "reported an error in its reply: \(clean(error.message ?? error.code ?? error.type ?? "without words"))"
            )
        case .textTooLarge(let limit): failure(.provider, "sent a reply with more than \(limit) bytes of text")
        case .tooManyToolCalls(let limit): failure(.provider, "called more than \(limit) tools in one reply")
        case .noFinishReason:
            failure(.provider, "ended its reply without a finish reason, so the reply is not complete")
        }
    }

    private func clean(_ text: String) -> String { ProviderText.clean(text, secrets: secrets) }

    private func advice(status: Int, category: ChatFailure.Category, error: ProviderError?) -> String? {
        if error?.isQuota == true || status == 402 {
            return "The account has no credit left: add some, or use another provider"
        }
        if category == .auth {
            return apiKey == nil ? "It may want an API key" : "Check the API key and what it may use"
        }
        switch status {
        case 300..<400:
            return
                "Redirects are not followed, for the API key would go with them: set the base URL to the right address"
        case 404, 405: return "Check the base URL, which usually ends in /v1, and the model's name (\(clean(model)))"
        case 413: return "The conversation is too long for it"
        case 400..<408, 410..<425: return "It will refuse the same request again"
        case 429: return "It limits how often it may be asked"
        default: return nil
        }
    }
}
