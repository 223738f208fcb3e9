import Signals

/// `convey chat` without its I/O: one message at a time, each followed by its answer. It requests each line, so nothing is
/// read ahead.
package struct ChatMachine: Sendable {
    package static let prompt = "> "

    private struct Exchange: Sendable {
        let messageID: String
        var answer: AnswerTracker
        var hasReceipt = false
        var isAborting = false
    }

    private enum State: Sendable {
        case idle
        case answering(Exchange)
    }

    private let isInteractive: Bool
    private let makeID: @Sendable () -> String
    private var state = State.idle
    private var endsWithLineFeed = true
    /// Whether a line has been asked for and has not come.
    private var isReading = false
    /// The tool call that waits for a person.
    private var approval: ApprovalRequest?
    /// A script's message that came while the chat waited for a decision; sent after the answer.
    private var held: String?
    /// Whether a script's input has ended while an answer is under way.
    private var isInputAtEnd = false

    /// - Parameters:
    ///   - isInteractive: whether a person types, and not a script.
    ///   - makeID: gives each message its id.
    package init(isInteractive: Bool, makeID: @escaping @Sendable () -> String) {
        self.isInteractive = isInteractive
        self.makeID = makeID
    }

    /// The first actions, and those after each answer.
    package mutating func next() -> [ClientAction] {
        defer { isReading = true }
        return isReading ? [] : [.readLine]
    }

    package mutating func handle(_ event: ClientEvent) -> [ClientAction] {
        switch event {
        case .line(let line): return handleLine(line)
        case .endOfInput: return endOfInput()
        case .interrupted: return handleInterrupt()
        case .receipt(let receipt): return handle(receipt)
        case .published(let event): return handle(event)
        case .receiptOverdue(let id): return receiptOverdue(id)
        case .timeout(let id):
            guard case .answering(let exchange) = state, exchange.messageID == id else { return [] }
            return finishAnswer(note: "[no answer in time]")
        case .connectionEnded:
            return lineFeed() + [
                .note("the connection to the broker is closed"), .exit(CommandStatus.unavailable),
            ]
        }
    }

    private mutating func handleLine(_ line: String) -> [ClientAction] {
        isReading = false
        guard line.contains(where: { !$0.isWhitespace }) else { return next() }
        if let command = ChatCommandLine(line) { return handle(command) }
        guard case .idle = state else {
            guard isInteractive else {
                held = line
                return []
            }
            return [.note("[an answer is under way: /approve or /deny the call, or Ctrl-C to abort]")] + next()
        }
        return send(ChatCommandLine.message(line))
    }

    /// A script's answer is shown to its end.
    private mutating func endOfInput() -> [ClientAction] {
        isReading = false
        guard isAnswering, !isInteractive else { return leave(0) }
        isInputAtEnd = true
        return []
    }

    private mutating func send(_ text: String) -> [ClientAction] {
        let id = makeID()
        state = .answering(Exchange(messageID: id, answer: AnswerTracker(messageID: id)))
        return [.sendMessage(id: id, text: text)]
    }

    private mutating func handle(_ command: ChatCommandLine) -> [ClientAction] {
        switch command {
        case .help: return [.note(ChatCommandLine.helpText)] + next()
        case .quit: return leave(0)
        case .abort: return [.sendAbort] + (isAnswering ? [] : [.note("[abort sent]")] + next())
        case .retry:
            guard !isAnswering else { return [.note("[an answer is under way]")] + next() }
            let id = makeID()
            state = .answering(Exchange(messageID: id, answer: AnswerTracker(messageID: id)))
            return [.sendRetry(id: id)]
        case .approve(let effect): return decide(effect ?? approval?.effectID, isGiven: true, reason: nil)
        case .deny(let reason): return decide(approval?.effectID, isGiven: false, reason: reason)
        case .unknown(let name): return [.note("[there is no /\(name); /help lists the commands]")] + next()
        }
    }

    private var isAnswering: Bool {
        if case .answering = state { true } else { false }
    }

    private mutating func decide(_ effect: String?, isGiven: Bool, reason: String?) -> [ClientAction] {
        guard let effect else { return [.note("[no call waits for approval here]")] + next() }
        approval = nil
        let decision = ClientAction.sendDecision(effectID: effect, isGiven: isGiven, reason: reason)
        return [decision, .note(isGiven ? "[approved]" : "[denied]")] + (isAnswering ? [] : next())
    }

    /// While an answer runs the first Ctrl-C aborts it; a second one, or one at the prompt, ends the chat.
    private mutating func handleInterrupt() -> [ClientAction] {
        guard case .answering(var exchange) = state else { return leave(0) }
        if exchange.isAborting { return lineFeed() + [.exit(130)] }
        exchange.isAborting = true
        state = .answering(exchange)
        return [.sendAbort]
    }

    private func leave(_ status: Int32) -> [ClientAction] { (isInteractive ? [.write("\n")] : []) + [.exit(status)] }

    private mutating func handle(_ receipt: Receipt) -> [ClientAction] {
        guard case .answering(var exchange) = state, receipt.id == nil || receipt.id == exchange.messageID else {
            return []
        }
        exchange.hasReceipt = true
        state = .answering(exchange)
        return receipt.status == .rejected ? finishAnswer(note: "[rejected: \(receipt.why)]") : []
    }

    private mutating func receiptOverdue(_ id: String) -> [ClientAction] {
        guard case .answering(let exchange) = state, exchange.messageID == id, !exchange.hasReceipt else { return [] }
        return lineFeed() + [.note("[Convey has not confirmed the message; is `convey serve` running?]")]
    }

    private mutating func handle(_ event: PublishedEvent) -> [ClientAction] {
        guard case .answering(var exchange) = state else { return [] }
        if event.type == SignalType.effectUnknownTarget {
            guard event.cause == exchange.messageID else { return [] }
            return finishAnswer(note: "[\(event.reason ?? "there is no such effect")]")
        }
        let steps = exchange.answer.handle(event)
        state = .answering(exchange)
        return steps.flatMap { show($0) }
    }

    private mutating func show(_ step: AnswerTracker.Step) -> [ClientAction] {
        switch step {
        case .text(let text):
            endsWithLineFeed = text.last?.isNewline ?? endsWithLineFeed
            return [.write(text)]
        case .startedOver: return lineFeed() + [.note("[started over]")]
        case .tool(let text), .note(let text): return lineFeed() + [.note("[\(text)]")]
        case .approvalRequest(let request):
            approval = request
            let hint = isInteractive ? "/approve, or /deny REASON" : request.command
            return lineFeed() + [.note("[\(request.words); \(hint)]")] + (isInputAtEnd || held != nil ? [] : next())
        case .completed: return finishAnswer(note: nil)
        case .failed(let reason): return finishAnswer(note: "[failed: \(reason)]")
        case .canceled: return finishAnswer(note: "[aborted]")
        }
    }

    private mutating func finishAnswer(note: String?) -> [ClientAction] {
        state = .idle
        approval = nil
        let end = lineFeed() + (note.map { [.note($0)] } ?? [])
        if let held {
            self.held = nil
            return end + send(ChatCommandLine.message(held))
        }
        return end + (isInputAtEnd ? leave(0) : next())
    }

    private mutating func lineFeed() -> [ClientAction] {
        defer { endsWithLineFeed = true }
        return endsWithLineFeed ? [] : [.write("\n")]
    }
}
