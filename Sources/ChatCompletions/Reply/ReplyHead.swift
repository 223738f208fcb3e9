/// The used parts of the head of a provider's answer.
struct ReplyHead: Sendable {
    var status: Int
    /// The content encoding, unless the HTTP client decodes it.
    var unreadableEncoding: String?
    var retryAfter: Duration?
    /// The target of a redirect.
    var location: String?
    /// The provider's id for the request, to ask the provider what happened.
    var requestID: String?
}

extension ReplyHead {
    /// - Parameters:
    ///   - header: the first value of a header, by its name in lower case.
    ///   - now: seconds since 1970.
    init(status: Int, header: (String) -> String?, now: Int64) {
        self.status = status
        unreadableEncoding = ContentEncoding.unreadable(header("content-encoding"))
        location = header("location")
        requestID = header("x-request-id")
        retryAfter =
            header("retry-after-ms").flatMap { Int64($0) }.map { RetryAfter.bounded(.milliseconds($0)) }
            ?? header("retry-after").flatMap {
                RetryAfter.parse($0, now: header("date").flatMap(RetryAfter.seconds(ofDate:)) ?? now)
            }
    }
}
