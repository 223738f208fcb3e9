import Signals

/// What an operator asks about dead letters. Each that moves some is one transaction of the engine.
public enum DeadLetterRequest: Sendable, Equatable {
    /// Up to `limit` of them behind a position, ascending, discarded ones included.
    case list(after: Position, limit: Int)
    case show(Position)
    /// Schedules the signals again, in record order, so that a cause comes before what waits for it.
    case redrive([Position])
    /// Sets them aside for good: they are not open any more.
    case discard([Position])

    /// Whether it changes nothing, so that any reader can answer it.
    package var isRead: Bool {
        switch self {
        case .list, .show: true
        case .redrive, .discard: false
        }
    }

    /// Letters in one answer, and positions in one request: each costs the engine a read or a record.
    public static let limit = 1_000
}

/// What became of a request.
public enum DeadLetterAnswer: Sendable, Equatable {
    case letters([DeadLetterDetails])
    case outcomes([DeadLetterOutcome])
}

/// What became of one dead letter.
public struct DeadLetterOutcome: Sendable, Equatable {
    public enum Status: String, Sendable {
        case redriven
        case discarded
        /// There is no dead letter at this position.
        case notFound = "not_found"
        /// It was discarded before.
        case alreadyDiscarded = "already_discarded"
        /// Its cause is not recorded, and `scheduler.parked_limit` signals wait for such causes.
        case parkedLimit = "parked_limit"
    }

    public var position: Position
    public var status: Status
    /// The id of the audit signal that tells of it.
    public var auditID: String?

    public init(position: Position, status: Status, auditID: String? = nil) {
        self.position = position
        self.status = status
        self.auditID = auditID
    }
}

/// A dead letter with its signal.
public struct DeadLetterDetails: Sendable, Equatable {
    public var letter: DeadLetter
    public var record: JournalRecord
    public var signal: Signal

    /// Nil when the record is no signal, which it always is in a sound journal.
    public init?(_ letter: DeadLetter, _ record: JournalRecord) {
        guard case .signal(let signal) = record.content else { return nil }
        self.letter = letter
        self.record = record
        self.signal = signal
    }
}

extension JournalReader {
    /// Answers `list`.
    public func deadLetterDetails(
        after position: Position, limit: Int
    ) throws(JournalError) -> [DeadLetterDetails] {
        var details: [DeadLetterDetails] = []
        for letter in try deadLetters(after: position, conversation: nil, limit: min(limit, DeadLetterRequest.limit)) {
            if let found = try detail(of: letter) { details.append(found) }
        }
        return details
    }

    /// Answers `show`.
    public func deadLetterDetails(at position: Position) throws(JournalError) -> [DeadLetterDetails] {
        guard let letter = try deadLetter(at: position), let found = try detail(of: letter) else { return [] }
        return [found]
    }

    private func detail(of letter: DeadLetter) throws(JournalError) -> DeadLetterDetails? {
        guard let record = try record(at: letter.position) else { return nil }
        return DeadLetterDetails(letter, record)
    }
}
