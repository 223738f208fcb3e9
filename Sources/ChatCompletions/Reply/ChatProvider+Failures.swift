extension ChatProvider {
    /// An answer with a status other than 200.
    func refusal(_ head: ReplyHead, body: [UInt8]) -> ChatFailure {
        let error =
            head.unreadableEncoding == nil ? ProviderError(body: body) ?? ProviderError(text: body.trimmed) : nil
        let status = head.status
        var category = ProviderError.category(ofStatus: status)
        // A wrong key can come as 400 and missing credit as 429: neither goes away by waiting.
        if (400..<500).contains(status), error?.category == .auth { category = .auth }
        var what = "answered \(status)"
        if (300..<400).contains(status), let location = head.location {
            // Its query may contain secrets.
            what += ", a redirect to \(clean(String(location.prefix { $0 != "?" })))"
        }
        var rest = ""
        if let encoding = head.unreadableEncoding {
            rest += ", with a body in the unsupported content encoding \(clean(encoding))"
        }
        if let requestID = head.requestID { rest += " (request id \(clean(requestID)))" }
        let words = error?.message.flatMap { $0.isEmpty ? nil : ": \(clean($0))" } ?? ""
        return failure(
            category, what + words + rest, ownWords: what + rest,
            advice: advice(status: status, category: category, error: error),
            retryAfter: head.retryAfter ?? error?.retryAfter, status: status,
            isUnavailable: category != .auth && Self.isAway(status))
    }

    /// The statuses with which a server says that it is away or overloaded: a later request may find it. 529 is Anthropic's "overloaded",
    /// 521 to 523 are Cloudflare's for an origin that it cannot reach.
    package static func isAway(_ status: Int) -> Bool {
        switch status {
        case 429, 502, 503, 504, 521, 522, 523, 529: true
        default: false
        }
    }

    /// A web page in place of a reply.
    func webPage(_ page: [UInt8], status: Int) -> ChatFailure {
        let title = ProviderError(text: page.trimmed).message.map { ": \(clean($0))" } ?? ""
        return failure(
            .config, "answered with a web page\(title)", ownWords: "answered with a web page",
            advice: "Check the base URL: it usually ends in /v1",
            status: status)
    }

    /// A reply that is compressed although the request did not allow it.
    /// - Parameter how: follows `sent its reply`.
    func compressed(_ how: String) -> ChatFailure {
        failure(
            .provider, "sent its reply \(how), which is not supported",
            advice: "Convey requests no compression: check the proxies in between")
    }

    /// A reply that began correctly but cannot be used.
    func failure(of fault: ReplyFault) -> ChatFailure {
        switch fault {
        case .malformed(let error):
            failure(
                .provider, "sent something other than a JSON object" + (error.map { " (\($0))" } ?? ""),
                advice: "Check that it is an OpenAI-compatible server")
        case .unexpected(let member):
            failure(.provider, "sent \(member) in an unknown form")
        case .reported(let error):
            failure(
                error.category ?? error.status.map(ProviderError.category(ofStatus:)) ?? .provider,
                "reported an error in its reply: \(clean(error.message ?? error.code ?? error.type ?? "without a message"))",
                ownWords: "reported an error in its reply", retryAfter: error.retryAfter,
                isUnavailable: error.status.map(Self.isAway) ?? false)
        case .textTooLarge(let limit): failure(.provider, "sent a reply with more than \(limit) bytes of text")
        case .tooManyToolCalls(let limit): failure(.provider, "called more than \(limit) tools in one reply")
        case .noFinishReason:
            failure(.provider, "ended its reply without a finish reason, so the reply is not complete")
        case .failed(let reason):
            failure(.provider, "failed during its reply (finish_reason \(clean(reason)))")
        case .incompleteToolCalls(let reason): incompleteToolCalls(reason)
        case .noToolCalls:
            failure(.provider, "ended its reply to call tools but called none", code: "invalid_tool_calls")
        case .unnamedToolCall:
            failure(.provider, "called a tool without naming it", code: "invalid_tool_calls")
        }
    }

    private func incompleteToolCalls(_ reason: String) -> ChatFailure {
        var (category, advice): (ChatFailure.Category, String?) = (.provider, nil)
        // The same request would be stopped at the same place.
        switch reason.lowercased() {
        case "length", "max_tokens", "max_output_tokens", "model_length":
            (category, advice) = (.config, "Allow it more tokens, or ask for less")
        case "content_filter", "safety", "prohibited_content", "recitation": category = .config
        default: break
        }
        return failure(
            category,
            "was stopped before its tool calls were complete (finish_reason \(clean(reason))), so none was made",
            advice: advice, code: "incomplete_tool_calls")
    }

    private func clean(_ text: String) -> String { ProviderText.clean(text, secrets: secrets) }

    private func advice(status: Int, category: ChatFailure.Category, error: ProviderError?) -> String? {
        if error?.isQuota == true || status == 402 {
            return "The account has no credit left: add some, or use another provider"
        }
        if category == .auth {
            return apiKey == nil ? "It may require an API key" : "Check the API key and its permissions"
        }
        switch status {
        case 300..<400:
            return
                "Redirects are not followed, because they would receive the API key: set the base URL to the right address"
        case 404, 405: return "Check the base URL, which usually ends in /v1, and the model's name (\(clean(model)))"
        case 413: return "The conversation is too long for it"
        case 400..<408, 410..<425: return "It will refuse the same request again"
        case 429: return "It limits the rate of requests"
        default: return nil
        }
    }
}
