import Signals

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
