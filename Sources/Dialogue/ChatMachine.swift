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

    private let showsPrompt: Bool
    private let makeID: @Sendable () -> String
    private var state = State.idle
    private var endsWithLineFeed = true

    /// - Parameters:
    ///   - showsPrompt: whether standard input is a terminal.
    ///   - makeID: gives each message its id.
    package init(showsPrompt: Bool, makeID: @escaping @Sendable () -> String) {
        self.showsPrompt = showsPrompt
        self.makeID = makeID
    }

    /// The first actions, and those after each answer.
    package func next() -> [ClientAction] { (showsPrompt ? [.write(Self.prompt)] : []) + [.readLine] }

    package mutating func handle(_ event: ClientEvent) -> [ClientAction] {
        switch event {
        case .line(let line): return handleLine(line)
        case .endOfInput: return leave(0)
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
        guard case .idle = state, line.contains(where: { !$0.isWhitespace }) else { return next() }
        let id = makeID()
        state = .answering(Exchange(messageID: id, answer: AnswerTracker(messageID: id)))
        return [.sendMessage(id: id, text: line)]
    }

    /// While an answer runs the first Ctrl-C aborts it; a second one, or one at the prompt, ends the chat.
    private mutating func handleInterrupt() -> [ClientAction] {
        guard case .answering(var exchange) = state else { return leave(0) }
        if exchange.isAborting { return lineFeed() + [.exit(130)] }
        exchange.isAborting = true
        state = .answering(exchange)
        return [.sendAbort]
    }

    private func leave(_ status: Int32) -> [ClientAction] { (showsPrompt ? [.write("\n")] : []) + [.exit(status)] }

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
        case .completed: return finishAnswer(note: nil)
        case .failed(let reason): return finishAnswer(note: "[failed: \(reason)]")
        case .canceled: return finishAnswer(note: "[aborted]")
        }
    }

    private mutating func finishAnswer(note: String?) -> [ClientAction] {
        state = .idle
        return lineFeed() + (note.map { [.note($0)] } ?? []) + next()
    }

    private mutating func lineFeed() -> [ClientAction] {
        defer { endsWithLineFeed = true }
        return endsWithLineFeed ? [] : [.write("\n")]
    }
}
