import Synchronization
import Threads

/// Answers a request from the client's thread.
typealias MQTTReply = @Sendable (Result<Void, MQTTError>) -> Void

/// A client for command line tools, tools and tests. It owns the thread of a connection with immediate acknowledgement,
/// reconnects, and then renews subscriptions and repeats unacknowledged publishes (so a message can arrive twice).
///
/// It fails for good, ending `messages` and answering everything with the error, when a reconnect fails with an error that
/// is not retriable (such as a withdrawn password) or a subscription is denied after a reconnect.
public final class MQTTClient: Sendable {
    /// Maximum received messages that are not consumed yet; above it the client stops reading, so that the broker
    /// queues. (Except while a publish or subscribe waits, because its answer comes on the same connection.)
    public static let receiveBufferLimit = 10_000
    /// Maximum messages submitted for publishing but not acknowledged; above it publishing fails with `queueFull`.
    public static let publishQueueLimit = 50_000

    /// Received messages in order, for one consumer. Ends after `stop()` or when the client has failed.
    public let messages: AsyncStream<ReceivedMessage>

    private let options: MQTTOptions
    private let mailbox: ClientMailbox
    private let buffer: MessageBuffer
    private let answerTimeout: Duration
    private let onConnectionLost: @Sendable () -> Void
    private let onTurn: @Sendable (_ isConnecting: Bool) -> Void

    /// A client that is not started.
    ///
    /// - Parameters:
    ///   - options: `acknowledgement` is set to `.immediate`.
    ///   - answerTimeout: how long a subscribe or publish waits for its acknowledgement, reconnects included.
    ///   - onConnectionLost: called on the client's thread when an established connection has ended, before the client
    ///     reconnects. It must not block.
    ///   - onTurn: called on the client's thread in each round, at least every second, and before each attempt to
    ///     connect, which may take as long as the kernel tries. It must not block.
    /// - Throws: `systemError` if the process has no descriptor left.
    public init(
        _ options: MQTTOptions, answerTimeout: Duration = .seconds(30),
        onConnectionLost: @escaping @Sendable () -> Void = {},
        onTurn: @escaping @Sendable (_ isConnecting: Bool) -> Void = { _ in }
    ) throws(MQTTError) {
        var options = options
        options.acknowledgement = .immediate
        self.options = options
        self.answerTimeout = answerTimeout
        self.onConnectionLost = onConnectionLost
        self.onTurn = onTurn
        mailbox = try ClientMailbox()
        let buffer = MessageBuffer(limit: Self.receiveBufferLimit, wake: mailbox.wake)
        self.buffer = buffer
        messages = AsyncStream { await buffer.next() }
    }

    deinit { mailbox.close() }

    /// Why the client failed permanently; nil while it works and after `stop()`. Check it when `messages` has ended.
    public var failure: MQTTError? { mailbox.failure }

    /// Connects and waits for the CONNACK. Call it once: a client that failed to start or was stopped cannot be reused.
    ///
    /// - Throws: the errors of `MQTTConnection.connect`, the broker's refusal, `timeout`.
    public func start() async throws(MQTTError) {
        let (mailbox, buffer, options) = (mailbox, buffer, options)
        let (onConnectionLost, onTurn) = (onConnectionLost, onTurn)
        try await request { reply throws(MQTTError) in
            try mailbox.open()
            do throws(ThreadError) {
                try DedicatedThread.detach(name: "convey-client") {
                    ClientLoop(
                        options: options, mailbox: mailbox, buffer: buffer, onConnectionLost: onConnectionLost,
                        onTurn: onTurn
                    ).run(started: reply)
                }
            } catch {
                let failure = MQTTError(
                    .systemError, "cannot start a thread: raise the limit on threads", underlying: error.reason)
                mailbox.end(failure)
                throw failure
            }
        }
    }

    /// Subscribes at QoS 1 and waits for the SUBACK. The subscriptions are renewed after a reconnect.
    ///
    /// - Throws: `subscribeRefused` naming the denied filters, `invalidTopic`, `timeout`, `stopped`.
    public func subscribe(_ filters: [String]) async throws(MQTTError) {
        let deadline = ContinuousClock.now + answerTimeout
        try await request { [mailbox] reply throws(MQTTError) in
            try mailbox.post(.subscribe(filters: filters, deadline: deadline, reply: reply))
        }
    }

    /// Publishes at QoS 1 and waits for the PUBACK.
    ///
    /// - Throws: `publishRefused` (MQTT 5 only: a 3.1.1 broker acknowledges what it drops), `invalidTopic`, `timeout`, …
    public func publish(
        topic: String, payload: [UInt8], properties: PublishProperties = .init(), retain: Bool = false
    ) async throws(MQTTError) {
        try await publishMany([OutgoingMessage(topic: topic, payload: payload, properties: properties, retain: retain)])
    }

    /// Publishes in order with the whole window in flight, and waits for all PUBACKs.
    ///
    /// - Throws: the first failure, after all messages were tried; `queueFull` before any is sent.
    public func publishMany(_ messages: [OutgoingMessage]) async throws(MQTTError) {
        guard !messages.isEmpty else { return }
        let deadline = ContinuousClock.now + answerTimeout
        try await request { [mailbox] reply throws(MQTTError) in
            try mailbox.post(.publish(messages, deadline: deadline, reply: reply))
        }
    }

    /// Submits a message and returns; for load generators.
    ///
    /// - Parameter completion: called once with the result, on the client's thread: it must not block.
    /// - Throws: `queueFull` or `stopped`; the completion is then not called.
    public func enqueue(
        _ message: OutgoingMessage, completion: @escaping @Sendable (Result<Void, MQTTError>) -> Void = { _ in }
    ) throws(MQTTError) {
        try mailbox.post(.publish([message], deadline: .now + answerTimeout, reply: completion))
    }

    /// Sends DISCONNECT and ends the thread. Unacknowledged requests fail with `stopped`. May be called again.
    public func stop() async {
        await withCheckedContinuation { continuation in
            mailbox.whenEnded { continuation.resume() }
            mailbox.close()
        }
    }

    /// Waits for the reply to the command that `send` submits; if `send` throws there is none.
    private func request(
        _ send: (@escaping MQTTReply) throws(MQTTError) -> Void
    ) async throws(MQTTError) {
        let result: Result<Void, MQTTError> = await withCheckedContinuation { continuation in
            do throws(MQTTError) {
                try send { continuation.resume(returning: $0) }
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        try result.get()
    }
}
