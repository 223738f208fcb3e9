/// `convey send` without its I/O: what to print and when to end.
package struct SendMachine: Sendable {
    private let messageID: String
    private let waitsForAnswer: Bool
    private let isJSON: Bool
    private var answer: AnswerTracker
    private var hasReceipt: Bool
    private var endsWithLineFeed = true

    /// - Parameters:
    ///   - waitsForAnswer: whether `--wait` was given.
    ///   - expectsReceipt: false with MQTT 3.1.1, which has none.
    ///   - isJSON: whether to print the receipt, or with `--wait` the event that ends the answer, as it came.
    package init(messageID: String, waitsForAnswer: Bool, expectsReceipt: Bool, isJSON: Bool = false) {
        self.isJSON = isJSON
        self.messageID = messageID
        self.waitsForAnswer = waitsForAnswer
        answer = AnswerTracker(messageID: messageID)
        hasReceipt = !expectsReceipt
    }

    /// The next step after the broker's acknowledgement of the message.
    package func published() -> [ClientAction] {
        guard hasReceipt, !waitsForAnswer else { return [] }
        return [.write("\(messageID)\n"), .note("sent to the broker; MQTT 3.1.1 has no receipts"), .exit(0)]
    }

    package mutating func handle(_ event: ClientEvent) -> [ClientAction] {
        switch event {
        case .receipt(let receipt): return handle(receipt)
        case .published(let event): return waitsForAnswer ? follow(event) : []
        case .receiptOverdue: return receiptOverdue()
        case .timeout: return end([.note("no answer in time; message \(messageID)")], CommandStatus.timeout)
        case .interrupted: return end([], 130)
        case .connectionEnded:
            return end([.note("the connection to the broker is closed. \(doubt)")], CommandStatus.unavailable)
        case .line, .endOfInput: return []
        }
    }

    /// What a sender knows of a message whose fate was not told.
    package static func doubt(messageID: String) -> String {
        "Whether the message was recorded is not known; send it again with --id \(messageID): it is recorded once"
    }

    private var doubt: String {
        hasReceipt
            ? "The message is recorded; its answer can be read with convey timeline" : Self.doubt(messageID: messageID)
    }

    private mutating func follow(_ event: PublishedEvent) -> [ClientAction] {
        let actions = answer.handle(event).flatMap { show($0) }
        guard isJSON else { return actions }
        return actions.flatMap { action -> [ClientAction] in
            switch action {
            case .write: []
            case .exit: [.json(event.payload), action]
            default: [action]
            }
        }
    }

    private mutating func handle(_ receipt: Receipt) -> [ClientAction] {
        hasReceipt = true
        if isJSON, !waitsForAnswer {
            return [.json(receipt.payload), .exit(receipt.status == .rejected ? CommandStatus.failed : 0)]
        }
        let position = receipt.offset.map { " at offset \($0)" } ?? ""
        switch receipt.status {
        case .rejected:
            return [.note("rejected: \(receipt.why)"), .exit(CommandStatus.failed)]
        case .recorded:
            return waitsForAnswer ? [] : [.write("\(messageID) recorded\(position)\n"), .exit(0)]
        case .duplicate:
            return waitsForAnswer ? [] : [.write("\(messageID) was recorded before\(position)\n"), .exit(0)]
        }
    }

    private func receiptOverdue() -> [ClientAction] {
        if hasReceipt { return [] }
        let note = ClientAction.note("sent to the broker, but not confirmed by Convey; is `convey serve` running?")
        return waitsForAnswer ? [note] : [.write("\(messageID)\n"), note, .exit(CommandStatus.timeout)]
    }

    private mutating func show(_ step: AnswerTracker.Step) -> [ClientAction] {
        switch step {
        case .text(let text):
            endsWithLineFeed = text.last?.isNewline ?? endsWithLineFeed
            return [.write(text)]
        case .startedOver:
            defer { endsWithLineFeed = true }
            return (endsWithLineFeed ? [] : [.write("\n")]) + [.note("[started over]")]
        case .tool(let text), .note(let text):
            defer { endsWithLineFeed = true }
            return (endsWithLineFeed ? [] : [.write("\n")]) + [.note("[\(text)]")]
        case .approvalRequest(let request):
            defer { endsWithLineFeed = true }
            return (endsWithLineFeed ? [] : [.write("\n")]) + [.note("[\(request.words); \(request.command)]")]
        case .completed: return end([], 0)
        case .failed(let reason): return end([.note("the answer failed: \(reason)")], CommandStatus.failed)
        case .canceled: return end([.note("[aborted]")], CommandStatus.failed)
        }
    }

    private func end(_ actions: [ClientAction], _ status: Int32) -> [ClientAction] {
        (endsWithLineFeed ? [] : [.write("\n")]) + actions + [.exit(status)]
    }
}
