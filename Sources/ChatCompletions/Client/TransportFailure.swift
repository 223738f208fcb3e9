extension ChatProvider {
    /// What an error of the HTTP client means for a request to this provider.
    func failure(ofTransport error: any Error, connectTimeout: Duration) -> ChatFailure {
        if let failure = error as? ChatFailure { return failure }
        let fault = TransportFault(error, connectTimeout: connectTimeout, address: "base URL")
        let category: ChatFailure.Category =
            switch fault.kind {
            case .config: .config
            case .timeout: .timeout
            case .transport: .transport
            case .canceled: .canceled
            }
        return failure(category, fault.what, advice: fault.advice, isUnavailable: fault.isUnavailable)
    }
}
