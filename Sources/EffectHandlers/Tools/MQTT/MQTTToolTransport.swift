import EffectPort
import ConveyRuntime
import Logging
import MQTTTransport
import Signals
import Synchronization
import Threads

/// Runs tools on workers that subscribe at the broker (docs/PROTOCOL.md, "Tool workers").
///
/// It has its own connection with a clean session, so that it receives no outdated replies. When it is
/// lost, calls that were sent fail as `transport`: the answer may have been lost with it. Their next attempt asks again
/// under the same idempotency key, and a worker that has the result by then answers at once.
final class MQTTToolTransport: ToolTransport {
    private struct State {
        var calls: PendingCalls
        /// Connected and subscribed at least once.
        var client: MQTTClient?
        var connecting: Task<Void, Never>?
        var isClosed = false
    }

    private let session: BrokerSession
    private let topics: ToolTopics
    private let limits: ToolLimits
    private let logger: Logger
    private let heartbeats: Heartbeats
    /// Told of a tool whose worker is there now.
    private let onPresence: @Sendable (_ tool: String) -> Void
    private let state: Mutex<State>

    init(
        session: BrokerSession, limits: ToolLimits, logger: Logger, heartbeats: Heartbeats = Heartbeats(),
        onPresence: @escaping @Sendable (_ tool: String) -> Void = { _ in }
    ) {
        self.onPresence = onPresence
        self.session = session
        self.limits = limits
        self.logger = logger
        self.heartbeats = heartbeats
        topics = ToolTopics(root: session.root)
        state = Mutex(State(calls: PendingCalls(limits: limits)))
    }

    /// Harmless to repeat.
    func start() {
        state.withLock { state in
            guard state.connecting == nil, !state.isClosed else { return }
            // `shutDown` ends it.
            state.connecting = Task { await self.stayConnected() }
        }
    }

    func shutDown() async {
        let (client, task) = state.withLock { state in
            state.isClosed = true
            state.calls.close(EffectFailure(.canceled, "Convey is shutting down"))
            defer { state.client = nil }
            return (state.client, state.connecting)
        }
        task?.cancel()
        // Does not wait for the task: it may be in an attempt to connect, which takes as long as the kernel tries, and
        // ends by itself.
        await client?.stop()
    }

    // MARK: Calls

    func call(
        _ request: ToolRequest, progress: @escaping @Sendable (String) async throws -> Void
    ) async throws -> String {
        let (key, attempt) = (request.idempotencyKey, request.attempt)
        let (topic, message) = try message(for: request)
        let responseTopic = topics.result(request.tool.name, effectID: request.effectID)
        let pieces = try state.withLock { state throws(EffectFailure) in
            try state.calls.begin(request, topic: topic, responseTopic: responseTopic, message: message)
        }
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                group.addTask { [self] in
                    // In time to say that the broker is away, and not that the tool was slow.
                    try await Task.sleep(for: min(limits.brokerGrace, (request.deadline - .now) / 2))
                    state.withLock { $0.calls.graceEnded(key, attempt: attempt, notConnected) }
                }
                sendUnsent()
                for await piece in pieces { try await progress(piece) }
            }
        } catch {
            withdraw(request)
            throw error
        }
        let call = state.withLock { $0.calls.remove(key, attempt: attempt) }
        guard let call, let outcome = call.outcome else {
            tellWorker(request, call)
            throw CancellationError()
        }
        if case .failure(let failure) = outcome, call.isReportedByWorker {
            throw ToolFailure(failure, reason: "the worker of the tool \(request.tool.name) reported an error")
        }
        return try outcome.get()
    }

    private func message(for request: ToolRequest) throws(EffectFailure) -> (topic: String, OutgoingMessage) {
        let responseTopic = topics.result(request.tool.name, effectID: request.effectID)
        let payload = request.payload(responseTopic: responseTopic)
        guard payload.count <= limits.callBytes else {
            throw EffectFailure(
                .config,
                "a call of the tool \(request.tool.name) has \(payload.count) bytes; the limit is \(limits.callBytes)")
        }
        let identity = ToolReply.Identity(idempotencyKey: request.idempotencyKey, attempt: request.attempt)
        var properties = PublishProperties(
            contentType: "application/json", correlationData: identity.correlationData, responseTopic: responseTopic,
            userProperties: [("idempotency-key", request.idempotencyKey)])
        if let traceparent = request.traceparent { properties.userProperties.append(("traceparent", traceparent)) }
        let topic = topics.call(request.tool.name)
        return (
            topic, OutgoingMessage(topic: topic, payload: payload, properties: properties, needsSubscriber: true)
        )
    }

    /// Gives waiting calls to the client, if there is one.
    private func sendUnsent() {
        let (client, unsent) = state.withLock { state in
            state.client.map { ($0, state.calls.takeUnsent()) } ?? (nil, [])
        }
        guard let client else { return }
        for (key, call) in unsent {
            do throws(MQTTError) {
                try client.enqueue(call.message) { [weak self] in self?.published(key, call, $0) }
            } catch {
                published(key, call, .failure(error))
            }
        }
    }

    private func published(_ key: String, _ call: PendingCalls.Call, _ result: Result<Void, MQTTError>) {
        state.withLock { state in
            switch result {
            case .success: state.calls.acknowledged(key, attempt: call.attempt)
            case .failure(let error):
                state.calls.failed(key, attempt: call.attempt, failure(of: error, tool: call.tool, topic: call.topic))
            }
        }
    }

    /// The task that waited has ended: by cancellation, or because its progress could not be recorded.
    private func withdraw(_ request: ToolRequest) {
        let call = state.withLock { $0.calls.remove(request.idempotencyKey, attempt: request.attempt) }
        if call?.outcome == nil { tellWorker(request, call) }
    }

    // MARK: Failures

    private var notConnected: EffectFailure {
        EffectFailure(
            .transport,
            "there is no connection to the broker at \(session.broker), so no tool worker can be called",
            isUnavailable: true)
    }

    private func failure(of error: MQTTError, tool: String, topic: String) -> EffectFailure {
        switch error.code {
        case .noSubscriber:
            EffectFailure(
                .transport, "no worker of the tool \(tool) is connected: none is subscribed to \(topic)",
                isUnavailable: true)
        case .publishRefused, .messageTooLarge, .invalidTopic, .invalidOption:
            EffectFailure(.config, "the tool \(tool) cannot be called: \(error.message)")
        case .stopped: EffectFailure(.transport, "the connection to the broker was closed before \(tool) was called")
        case .connectionRefused, .brokerUnavailable, .hostUnreachable, .notConnected, .queueFull:
            EffectFailure(
                .transport, "the tool \(tool) could not be called: \(error.message)", isUnavailable: true)
        case .invalidURL, .notAuthorized, .unsupportedVersion, .tlsFailure, .connectionLost, .sessionTakenOver,
            .subscribeRefused, .protocolViolation, .timeout, .systemError:
            EffectFailure(.transport, "the tool \(tool) could not be called: \(error.message)")
        }
    }
}

// MARK: - The connection

extension MQTTToolTransport {
    private func stayConnected() async {
        var backoff = Backoff()
        while !state.withLock({ $0.isClosed }) {
            var failure: MQTTError?
            do throws(MQTTError) {
                let beat = heartbeats.beat("tools", limit: BeatLimits.connection)
                defer { beat.end() }
                let client = try await connect(beat)
                backoff.succeeded()
                sendUnsent()
                for await message in client.messages { receive(message) }
                if let failure = client.failure { throw failure }
            } catch {
                failure = error
            }
            if backoff.failed(), let failure {
                logger.warning("no connection for tool workers", metadata: ["error": "\(failure)"])
            }
            state.withLock { $0.client = nil }
            connectionLost()
            // It fails when it is cancelled; then the loop ends.
            try? await Task.sleep(for: .milliseconds(backoff.remainingMilliseconds))
        }
    }

    private func connect(_ beat: ThreadBeat) async throws(MQTTError) -> MQTTClient {
        let options = MQTTOptions(
            broker: session.broker, clientID: session.nodeClientID + "-tools", version: session.version)
        let client = try MQTTClient(options, answerTimeout: limits.brokerGrace) { [weak self] in
            self?.connectionLost()
        } onTurn: { isConnecting in
            beat.turn(allowing: isConnecting ? BeatLimits.connecting : nil)
        }
        do throws(MQTTError) {
            try await client.start()
            try await client.subscribe([topics.results])
            // What workers do not publish, and what an access rule hides, is not waited for.
            try await subscribeToPresences(client)
        } catch {
            await client.stop()
            throw error
        }
        let isClosed = state.withLock { state in
            if !state.isClosed { state.client = client }
            return state.isClosed
        }
        if isClosed {
            await client.stop()
            throw MQTTError(.stopped, "Convey is shutting down")
        }
        logger.info("connected for tool workers", metadata: ["broker": "\(session.broker)"])
        return client
    }

    /// What workers do not publish, and what an access rule hides, is not waited for.
    private func subscribeToPresences(_ client: MQTTClient) async throws(MQTTError) {
        do throws(MQTTError) {
            try await client.subscribe([topics.presences])
        } catch {
            guard error.code == .subscribeRefused else { throw error }
            logger.info("the broker does not show which tool workers are there", metadata: ["error": "\(error)"])
        }
    }

    private func connectionLost() {
        state.withLock { state in
            state.calls.connectionLost { call in
                EffectFailure(
                    .transport,
                    "the connection to the broker was lost while the tool \(call.tool) ran; its answer may be lost")
            }
        }
    }

    private func receive(_ message: ReceivedMessage) {
        if let tool = topics.tool(presence: message.topic) {
            if message.payload.elementsEqual("online".utf8) { onPresence(tool) }
            return
        }
        let reply = ToolReply(message, resultLimit: limits.resultBytes)
        let reception = state.withLock { $0.calls.receive(reply) }
        guard reception != .taken else { return }
        logger.debug(
            "ignored a tool worker's answer",
            metadata: ["topic": "\(message.topic)", "why": "\(reception)"])
    }

    /// Announces on the tool's cancel topic that the result is no longer needed, without waiting for the publish.
    private func tellWorker(_ request: ToolRequest, _ call: PendingCalls.Call?) {
        // A newer attempt waits for the same work, or nothing was sent.
        guard let call, call.delivery != .unsent else { return }
        var object = JSONObjectBuilder()
        object.add("effect_id", request.effectID)
        object.add("idempotency_key", request.idempotencyKey)
        object.add("attempt", request.attempt)
        object.add("reason", ContinuousClock.now >= request.deadline ? "timeout" : "canceled")
        let message = OutgoingMessage(
            topic: topics.cancel(request.tool.name), payload: object.finish(),
            properties: PublishProperties(
                contentType: "application/json", userProperties: [("idempotency-key", request.idempotencyKey)]))
        // A worker that misses the message works in vain, with no other harm.
        try? state.withLock { $0.client }?.enqueue(message)
    }
}
