/// What is used of the head of a provider's answer.
struct ReplyHead: Sendable {
    var status: Int
    /// In lower case, without parameters.
    var contentType: String?
    var retryAfter: Duration?
    /// Where a redirect points to.
    var location: String?
    /// The provider's name for the request, for whoever asks it what happened.
    var requestID: String?
}

extension ReplyHead {
    /// - Parameters:
    ///   - header: the first value of a header, by its name in lower case.
    ///   - now: seconds since 1970.
    init(status: Int, header: (String) -> String?, now: Int64) {
        self.status = status
        contentType = header("content-type")?.prefix { $0 != ";" }.lowercased().filter { $0 != " " && $0 != "\t" }
        location = header("location")
        requestID = header("x-request-id")
        retryAfter =
            header("retry-after-ms").flatMap { Int64($0) }.map { RetryAfter.bounded(.milliseconds($0)) }
            ?? header("retry-after").flatMap {
                RetryAfter.parse($0, now: header("date").flatMap(RetryAfter.seconds(ofDate:)) ?? now)
            }
    }

    var isJSON: Bool { contentType == "application/json" || contentType?.hasSuffix("+json") == true }
    var isEventStream: Bool { contentType == "text/event-stream" }
    var isWebPage: Bool { contentType == "text/html" || contentType == "application/xhtml+xml" }
}
