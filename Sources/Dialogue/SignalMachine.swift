import Signals

/// `convey abort`, `cancel`, `approve`, `deny` and `configure` without their I/O: what Convey says about the signal, and what it does.
package struct SignalMachine: Sendable {
    /// Consequences are recorded in one transaction with the marker, and published right behind it.
    static let settling = Duration.milliseconds(300)
    /// How long a recorded signal may take to be applied before the user is told.
    static let patience = Duration.seconds(5)
    private static let settled = "settled"
    private static let unapplied = "unapplied"

    private let id: String
    /// What to say when nothing follows.
    private let otherwise: String
    private let isJSON: Bool
    private var hasReceipt: Bool
    private var isApplied = false
    /// The lines to print in the end: the receipt comes over another connection than what follows, in any order.
    private var recorded: [ClientAction] = []
    private var consequences: [ClientAction] = []
    private var status: Int32 = 0

    /// - Parameters:
    ///   - expectsReceipt: false with MQTT 3.1.1, which has none.
    ///   - otherwise: what to say when nothing follows from the signal.
    ///   - isJSON: whether to print the receipt and the events that follow as they came.
    package init(id: String, expectsReceipt: Bool, otherwise: String, isJSON: Bool = false) {
        self.isJSON = isJSON
        self.id = id
        self.otherwise = otherwise
        hasReceipt = !expectsReceipt
    }

    package mutating func handle(_ event: ClientEvent) -> [ClientAction] {
        switch event {
        case .receipt(let receipt): return handle(receipt)
        case .published(let event): return handle(event)
        case .receiptOverdue:
            if hasReceipt || isApplied { return isApplied ? [] : [.wake(Self.unapplied, after: Self.patience)] }
            return [
                .note("sent to the broker, but not confirmed by Convey; is `convey serve` running?"),
                .exit(CommandStatus.timeout),
            ]
        case .timeout(Self.settled):
            let followed = consequences.isEmpty && !isJSON ? [.write(otherwise + "\n")] : consequences
            return recorded + followed + [.exit(status)]
        case .timeout:
            return isApplied ? [] : [.note("it has not been applied yet"), .exit(CommandStatus.timeout)]
        case .interrupted: return [.exit(CommandStatus.interrupted)]
        case .connectionEnded:
            return [.note("the connection to the broker is closed"), .exit(CommandStatus.unavailable)]
        case .line, .endOfInput: return []
        }
    }

    private mutating func handle(_ receipt: Receipt) -> [ClientAction] {
        guard receipt.id == nil || receipt.id == id else { return [] }
        hasReceipt = true
        guard receipt.status != .rejected else {
            let said = isJSON ? ClientAction.json(receipt.payload) : .note("rejected: \(receipt.why)")
            return [said, .exit(CommandStatus.failed)]
        }
        let position = receipt.offset.map { " at offset \($0)" } ?? ""
        recorded = [isJSON ? .json(receipt.payload) : .write("recorded\(position)\n")]
        return []
    }

    private mutating func handle(_ event: PublishedEvent) -> [ClientAction] {
        guard event.cause == id else { return [] }
        if event.type == SignalType.eventApplied {
            guard !isApplied else { return [] }
            isApplied = true
            return [.wake(Self.settled, after: Self.settling)]
        }
        let words = consequence(event)
        if let said = isJSON ? .json(event.payload) : words { consequences.append(said) }
        return []
    }

    private mutating func consequence(_ event: PublishedEvent) -> ClientAction? {
        let effect = event.effectID ?? event.id
        switch event.type.split(separator: ".").last {
        case "canceled": return .write("canceled \(effect)\n")
        case "started": return .write("\(event.toolName ?? effect) runs\n")
        case "failed": return .write("\(event.toolName ?? effect) does not run: \(event.reason ?? "denied")\n")
        case _ where event.type == SignalType.answerRetried: return .write("the answer is being retried: \(effect)\n")
        // What follows says the same.
        case _ where event.type == SignalType.toolDecided: return nil
        case _ where [SignalType.effectUnknownTarget, SignalType.toolDecisionRefused].contains(event.type):
            status = CommandStatus.failed
            return .note(event.reason ?? "there is no such effect")
        default: return .write("\(event.type) \(effect)\n")
        }
    }
}
