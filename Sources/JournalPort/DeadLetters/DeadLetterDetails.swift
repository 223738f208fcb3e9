import Signals

/// A dead letter with its signal.
public struct DeadLetterDetails: Sendable, Equatable {
    public var letter: DeadLetter
    public var record: JournalRecord
    public var signal: Signal

    /// Nil if the record is not a signal; in a sound journal it always is.
    public init?(_ letter: DeadLetter, _ record: JournalRecord) {
        guard case .signal(let signal) = record.content else { return nil }
        self.letter = letter
        self.record = record
        self.signal = signal
    }
}
