/// Messages that were submitted together, and their common result.
final class PublishBatch {
    private(set) var remaining: Int
    let deadline: ContinuousClock.Instant
    private var failure: MQTTError?
    private var reply: MQTTReply?

    init(count: Int, deadline: ContinuousClock.Instant, reply: @escaping MQTTReply) {
        remaining = count
        self.deadline = deadline
        self.reply = reply
    }

    /// False once it is answered.
    var isOpen: Bool { reply != nil }

    /// Notes the result of one message; the first failure is the batch's.
    func complete(_ error: MQTTError?) {
        failure = failure ?? error
        remaining -= 1
        if remaining == 0 { finish(failure) }
    }

    /// Answers now, even if results are outstanding.
    func finish(_ error: MQTTError?) {
        reply?(error.map { .failure($0) } ?? .success(()))
        reply = nil
    }
}
