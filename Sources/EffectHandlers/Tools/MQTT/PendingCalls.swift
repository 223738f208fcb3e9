import EffectPort
import MQTTTransport

/// The calls that wait for an answer, by idempotency key. Matches replies with calls; each call gets one outcome.
///
/// A pure value except for the streams that wake the waiting tasks; yielding to one runs no code of the task.
struct PendingCalls {
    struct Call {
        enum Delivery {
            /// There is no connection to give it to.
            case unsent
            /// The client publishes it, over reconnects too, until the broker acknowledges it.
            case handedOver
            case acknowledged
        }

        let tool: String
        let attempt: Int
        let topic: String
        let responseTopic: String
        let message: OutgoingMessage
        var delivery = Delivery.unsent
        fileprivate(set) var outcome: Result<String, EffectFailure>?
        /// Whether the outcome is a failure in the worker's own words.
        fileprivate(set) var isReportedByWorker = false
        fileprivate var progressCount = 0
        /// Pieces of progress; ends with the outcome.
        fileprivate let progress: AsyncStream<String>.Continuation
    }

    /// How a reply was handled, for the log.
    enum Reception: Sendable, Equatable {
        case taken
        /// No call waits for it (any more), or it does not name its call.
        case unclaimed
        /// An earlier attempt's progress or error.
        case outdated
        /// The attempt has reached its limit of progress messages.
        case dropped
    }

    private let limits: ToolLimits
    private var calls: [String: Call] = [:]
    private var isClosed = false

    init(limits: ToolLimits) {
        self.limits = limits
    }

    var count: Int { calls.count }

    /// Adds a call. A call of an earlier attempt at the same effect is replaced; its task ends without an outcome.
    ///
    /// - Returns: its pieces of progress; the stream ends when the call has its outcome.
    mutating func begin(
        _ request: ToolRequest, topic: String, responseTopic: String, message: OutgoingMessage
    ) throws(EffectFailure) -> AsyncStream<String> {
        guard !isClosed else { throw EffectFailure(.canceled, "Convey is shutting down") }
        guard calls.count < limits.calls || calls[request.idempotencyKey] != nil else {
            throw EffectFailure(
                .transport, "too many tool calls wait for an answer: \(calls.count)", isUnavailable: true)
        }
        let (stream, progress) = AsyncStream.makeStream(
            of: String.self, bufferingPolicy: .bufferingOldest(limits.progressBacklog))
        calls.removeValue(forKey: request.idempotencyKey)?.progress.finish()
        calls[request.idempotencyKey] = Call(
            tool: request.tool.name, attempt: request.attempt, topic: topic, responseTopic: responseTopic,
            message: message, progress: progress)
        return stream
    }

    /// Removes a call; nil when a newer attempt replaced it.
    mutating func remove(_ key: String, attempt: Int) -> Call? {
        guard calls[key]?.attempt == attempt else { return nil }
        return calls.removeValue(forKey: key)
    }

    // MARK: Delivery

    /// The calls to give to a new connection, in no particular order; they count as handed over.
    mutating func takeUnsent() -> [(key: String, call: Call)] {
        let unsent = calls.filter { $0.value.outcome == nil && $0.value.delivery == .unsent }
        for key in unsent.keys { calls[key]?.delivery = .handedOver }
        return unsent.map { ($0.key, $0.value) }
    }

    mutating func acknowledged(_ key: String, attempt: Int) {
        guard calls[key]?.attempt == attempt else { return }
        calls[key]?.delivery = .acknowledged
    }

    mutating func failed(_ key: String, attempt: Int, _ failure: EffectFailure) {
        guard calls[key]?.attempt == attempt else { return }
        end(key, .failure(failure))
    }

    /// The time limit for a connection has passed.
    mutating func graceEnded(_ key: String, attempt: Int, _ failure: @autoclosure () -> EffectFailure) {
        guard let call = calls[key], call.attempt == attempt, call.delivery == .unsent else { return }
        end(key, .failure(failure()))
    }

    /// The connection has ended, and with it the broker's session: an answer to a sent call may be lost.
    mutating func connectionLost(_ failure: (Call) -> EffectFailure) {
        for (key, call) in calls where call.delivery == .acknowledged && call.outcome == nil {
            end(key, .failure(failure(call)))
        }
    }

    /// Ends all calls and accepts no more.
    mutating func close(_ failure: EffectFailure) {
        isClosed = true
        for key in calls.keys { end(key, .failure(failure)) }
    }

    // MARK: Replies

    /// The kind of the reply and its attempt decide:
    /// - a *result* of any attempt at the effect ends the call: the same key means the same work;
    /// - *progress* and an *error* of an attempt other than the waiting one are ignored: that attempt has ended, and the
    ///   waiting one may end otherwise;
    /// - an unreadable reply fails the attempt it belongs to.
    mutating func receive(_ reply: ToolReply) -> Reception {
        guard let identity = reply.identity, let call = calls[identity.idempotencyKey], call.outcome == nil,
            call.responseTopic == reply.topic
        else { return .unclaimed }
        let key = identity.idempotencyKey
        switch reply.body {
        case .result(let content):
            end(key, .success(content))
            return .taken
        case .tooLarge(let bytes):
            end(key, .failure(ToolContent.tooLarge(call.tool, bytes: bytes, limit: limits.resultBytes)))
            return .taken
        case .progress(let text):
            guard identity.attempt == call.attempt else { return .outdated }
            guard call.progressCount < limits.progressMessages else { return .dropped }
            calls[key]?.progressCount += 1
            call.progress.yield(ToolContent.clean(text))
            return .taken
        case .error(let text, let isRetriable):
            guard identity.attempt == call.attempt else { return .outdated }
            let message = "the tool \(call.tool) failed: \(ToolContent.clean(text))"
            calls[key]?.isReportedByWorker = true
            end(key, .failure(EffectFailure(isRetriable ? .provider : .config, message)))
            return .taken
        case .fault(let reason):
            guard identity.attempt == call.attempt else { return .outdated }
            end(key, .failure(EffectFailure(.provider, "the tool \(call.tool) sent an answer \(reason)")))
            return .taken
        }
    }

    private mutating func end(_ key: String, _ outcome: Result<String, EffectFailure>) {
        guard calls[key]?.outcome == nil else { return }
        calls[key]?.outcome = outcome
        calls[key]?.progress.finish()
    }
}
