import Signals

/// The answer of one request between the connection and `emit`, with all its time limits. A value: the reader of the
/// connection reports what has arrived, and the caller of `emit` asks for the next step.
struct ChatExchange: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// The reader's next step.
    enum Reading: Equatable {
        case goOn
        /// Too much waits for `emit`: continue when `Step.emit` says so.
        case pause
        /// All further input is ignored.
        case stop
    }

    /// The emitter's next step.
    enum Step: Equatable {
        /// `resumesReader`: there is room again.
        case emit(ChatDelta, resumesReader: Bool)
        /// Check again after this time, or when woken.
        case wait(Duration)
        case end(Result<ChatOutcome, ChatFailure>)
    }

    private enum Phase {
        case awaitingHead
        /// So far the body contains only white space.
        case undecided
        case stream, whole, webPage
        case refusal(ReplyHead)
    }

    private let provider: ChatProvider
    private let isStreamed: Bool
    private let timeouts: ChatTimeouts
    private let limits: ChatLimits
    private let start: Instant
    private var phase = Phase.awaitingHead
    private var parser: ServerSentEventParser
    /// The body of an answer that is not a stream, or not known to be one yet.
    private var body: [UInt8] = []
    /// Number of bytes of the parser's stray lines already checked.
    private var strayBytes = 0
    private var receivedBytes = 0
    private var lastReceived: Instant
    private var reply: ChatReply
    private var coalescer: DeltaCoalescer
    private var isPaused = false
    /// When to stop waiting for the rest, after the essential part has arrived.
    private var graceEnd: Instant?
    private var end: Result<ChatOutcome, ChatFailure>?
    /// The end of the emitter's sleep, if it sleeps.
    private var sleepsUntil: Instant?

    init(
        request: ChatRequest, provider: ChatProvider, timeouts: ChatTimeouts, limits: ChatLimits,
        coalescer: DeltaCoalescer, budget: ReplyTextBudget = ReplyTextBudget(), now: Instant
    ) {
        self.provider = provider
        self.isStreamed = request.stream
        self.timeouts = timeouts
        self.limits = limits
        self.coalescer = coalescer
        start = now
        lastReceived = now
        parser = ServerSentEventParser(eventBytes: limits.eventBytes)
        reply = ChatReply(limits: limits, maxTokens: request.maxTokens, budget: budget)
    }

    // MARK: What the reader has to say

    mutating func received(head: ReplyHead, now: Instant) {
        lastReceived = now
        if head.status != 200 {
            phase = .refusal(head)
            graceEnd = now + limits.finishGrace
        } else if let encoding = head.unreadableEncoding {
            fail(provider.compressed("in the content encoding \(encoding)"))
        } else {
            phase = .undecided
        }
    }

    mutating func received(_ bytes: UnsafeRawBufferPointer, now: Instant) -> Reading {
        guard end == nil else { return .stop }
        isPaused = false
        lastReceived = now
        receivedBytes += bytes.count
        switch phase {
        case .awaitingHead: preconditionFailure("a body without a head")
        case .undecided: decide(bytes, now: now)
        case .refusal(let head):
            body.append(contentsOf: bytes.prefix(limits.errorBytes - body.count))
            if body.count == limits.errorBytes { fail(refusal(head)) }
        case .webPage:
            body.append(contentsOf: bytes.prefix(limits.errorBytes - body.count))
            if body.count == limits.errorBytes { fail(webPage()) }
        case .whole:
            body.append(contentsOf: bytes.prefix(limits.replyBytes + 1 - body.count))
            if body.count > limits.replyBytes { fail(tooLarge(limits.replyBytes)) }
        case .stream:
            if receivedBytes > limits.streamBytes {
                fail(tooLarge(limits.streamBytes))
            } else {
                var events: [ServerSentEvent] = []
                let result = Result { () throws(ServerSentEventTooLarge) in try parser.read(bytes, into: &events) }
                take(events, result, now: now)
            }
        }
        guard end == nil else { return .stop }
        isPaused = coalescer.pendingBytes > limits.backlogBytes
        return isPaused ? .pause : .goOn
    }

    /// Determines the kind of a body by its first byte: its content type may be wrong, and an error in place of a
    /// stream is often not a stream.
    private mutating func decide(_ bytes: UnsafeRawBufferPointer, now: Instant) {
        let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]
        body.append(contentsOf: bytes)
        let compressed: [[UInt8]] = [[0x1f, 0x8b], [0x28, 0xb5, 0x2f, 0xfd]]
        if compressed.contains(where: body.starts) {
            return fail(provider.compressed("compressed without a content encoding"))
        }
        guard let start = body.firstIndex(where: { $0 > 0x20 && !byteOrderMark.contains($0) }) else {
            if body.count > limits.errorBytes { fail(tooLarge(limits.errorBytes)) }
            return
        }
        var beginning = body
        body = []
        switch beginning[start] {
        case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\""):
            phase = .whole
            beginning.removeFirst(start)
        case UInt8(ascii: "<"):
            phase = .webPage
            graceEnd = now + limits.finishGrace
            beginning.removeFirst(start)
        default: phase = .stream
        }
        receivedBytes = 0
        beginning.withUnsafeBytes { _ = received($0, now: now) }
    }

    /// The body has ended as HTTP requires.
    mutating func receivedEnd(now: Instant) {
        guard end == nil else { return }
        switch phase {
        case .awaitingHead: preconditionFailure("the end of a body without a head")
        case .refusal(let head): fail(refusal(head))
        case .webPage: fail(webPage())
        case .whole:
            var deltas: [ChatDelta] = []
            do throws(ReplyFault) {
                try reply.add(whole: body, into: &deltas)
                for delta in deltas { coalescer.add(delta) }
                succeed()
            } catch { fail(failure(of: error)) }
        case .undecided, .stream:
            var events: [ServerSentEvent] = []
            let result = Result { () throws(ServerSentEventTooLarge) in try parser.finish(into: &events) }
            take(events, result, isCutOff: true, now: now)
            if end == nil { succeed() }
        }
    }

    /// The connection could not be established, or broke.
    mutating func failed(_ failure: ChatFailure) {
        guard end == nil else { return }
        if case .refusal(let head) = phase {
            fail(refusal(head))
        } else if case .webPage = phase {
            fail(webPage())
        } else if reply.finishReason != nil {
            succeed()
        } else {
            fail(failure)
        }
    }

    /// Whether the emitter would sleep too long from now on.
    func wakesEmitter(now: Instant) -> Bool {
        guard let sleepsUntil else { return false }
        return end != nil || nextLook(now: now) < sleepsUntil
    }

    // MARK: What the emitter asks

    mutating func next(now: Instant) -> Step {
        sleepsUntil = nil
        let (deadline, limit) = nextDeadline()
        if end == nil, now >= deadline { expire(limit) }
        if let delta = coalescer.take(at: now) {
            let resumes = isPaused && coalescer.pendingBytes <= limits.backlogBytes / 2
            if resumes {
                isPaused = false
                // Until now the provider was not asked for more.
                lastReceived = now
                if graceEnd != nil { graceEnd = now + limits.finishGrace }
            }
            return .emit(delta, resumesReader: resumes)
        }
        if let end { return .end(end) }
        let look = nextLook(now: now)
        sleepsUntil = look
        return .wait(look - now)
    }

    /// When work is due, if nothing more arrives.
    private func nextLook(now: Instant) -> Instant {
        let (deadline, _) = nextDeadline()
        return coalescer.wait(at: now).map { min(now + $0, deadline) } ?? deadline
    }

    // MARK: Time limits

    private enum TimeLimit { case total, firstToken, idle, grace }

    /// The earliest time limit.
    private func nextDeadline() -> (Instant, TimeLimit) {
        var next = (start + timeouts.total, TimeLimit.total)
        func consider(_ deadline: Instant, _ limit: TimeLimit) {
            if deadline < next.0 { next = (deadline, limit) }
        }
        guard !isPaused else { return next }
        if let graceEnd { consider(graceEnd, .grace) }
        switch phase {
        case .awaitingHead: if isStreamed { consider(start + timeouts.firstToken, .firstToken) }
        case .undecided where isStreamed: consider(start + timeouts.firstToken, .firstToken)
        case .stream where !reply.hasOutput: consider(start + timeouts.firstToken, .firstToken)
        case .undecided, .stream, .whole: consider(lastReceived + timeouts.idle, .idle)
        case .refusal, .webPage: break
        }
        return next
    }

    private mutating func expire(_ limit: TimeLimit) {
        if case .refusal(let head) = phase { return fail(refusal(head)) }
        if case .webPage = phase { return fail(webPage()) }
        // The missing part does not belong to the text.
        if reply.finishReason != nil { return succeed() }
        switch limit {
        case .total, .grace:
            fail(
                provider.failure(
                    .timeout, "did not finish its reply within \(timeouts.total.words)",
                    advice: "Allow it more time, or ask for fewer tokens"))
        case .firstToken:
            fail(
                provider.failure(
                    .timeout, "sent nothing of its reply within \(timeouts.firstToken.words)",
                    advice: "It may be overloaded, or still loading the model"))
        case .idle:
            fail(provider.failure(.timeout, "stopped in its reply and sent nothing for \(timeouts.idle.words)"))
        }
    }

    // MARK: Ends

    /// Processes the content of a chunk, up to the first fault.
    /// - Parameter isCutOff: the stream has ended without the empty line after its last event, which counts as an event
    ///   only if it is complete.
    private mutating func take(
        _ events: [ServerSentEvent], _ result: Result<Void, ServerSentEventTooLarge>, isCutOff: Bool = false,
        now: Instant
    ) {
        do throws(ReplyFault) {
            for event in events {
                var deltas: [ChatDelta] = []
                // Text before a fault is still text.
                defer { for delta in deltas { coalescer.add(delta) } }
                try reply.add(event, into: &deltas)
            }
        } catch {
            if case .malformed = error, isCutOff { return }
            return fail(failure(of: error))
        }
        if case .failure(let error) = result { return fail(tooLarge(error.limit)) }
        takeStrayLines()
        if reply.finishReason != nil, graceEnd == nil { graceEnd = now + limits.finishGrace }
    }

    /// An error between the events as a line of JSON. Other text counts only if the stream ends with it.
    private mutating func takeStrayLines() {
        guard parser.strayLines.count > strayBytes else { return }
        let lines = parser.strayLines[strayBytes...].split(separator: UInt8(ascii: "\n"))
        strayBytes = parser.strayLines.count
        for line in lines {
            guard reply.finishReason == nil, let object = JSONObjectView(Array(line)),
                let error = ProviderError(in: object) ?? ProviderError(insteadOfReply: object)
            else { continue }
            return fail(failure(of: .reported(error)))
        }
    }

    private mutating func succeed() {
        do throws(ReplyFault) { end = .success(try reply.outcome(provider: provider.name)) } catch {
            if error == .noFinishReason, let words = ProviderError(body: parser.strayLines), words.message != nil {
                return fail(failure(of: .reported(words)))
            }
            return fail(failure(of: error))
        }
        coalescer.finish()
    }

    private mutating func fail(_ failure: ChatFailure) {
        var failure = failure
        failure.partialContent = reply.content
        failure.partialThinking = reply.thinking
        end = .failure(failure)
        coalescer.finish()
    }

    private func refusal(_ head: ReplyHead) -> ChatFailure {
        provider.refusal(head, body: body)
    }

    private func webPage() -> ChatFailure { provider.webPage(body, status: 200) }

    private func failure(of fault: ReplyFault) -> ChatFailure { provider.failure(of: fault) }

    private func tooLarge(_ limit: Int) -> ChatFailure {
        provider.failure(.provider, "sent more than the limit of \(limit) bytes")
    }
}
