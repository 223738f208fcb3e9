import Conversation
import Signals

/// A recorded signal to publish.
public final class OutboundEvent: Sendable {
    public let record: JournalRecord
    public let subject: String
    public let partition: Int
    /// For a marker: the signal it is about.
    public let applied: RecordedSignal?

    public init(record: JournalRecord, subject: String, partition: Int, applied: RecordedSignal?) {
        self.record = record
        self.subject = subject
        self.partition = partition
        self.applied = applied
    }
}

extension OutboundEvent {
    /// The event as which a record is published; nil if it is not published (it came from the broker, or its content
    /// was removed).
    /// - Throws: `damaged` if it cannot be read.
    package convenience init?(_ record: JournalRecord, reader: any JournalReader) throws(JournalError) {
        if case .unreadable(let reason, _) = record.content {
            throw JournalError(.damaged, "record \(record.position) cannot be read: \(reason)")
        }
        guard let family = record.family, family != .inbound else { return nil }
        if case .removed = record.content { return nil }
        var applied: RecordedSignal?
        if case .marker(let marker) = record.content {
            guard let found = try reader.record(at: marker.appliedPosition)?.recordedSignal else {
                throw JournalError(.damaged, "record \(marker.appliedPosition) was applied but cannot be read")
            }
            applied = found
        }
        guard let subject = try reader.subject(of: record.conversation) else {
            throw JournalError(.damaged, "conversation \(record.conversation) has records but no row")
        }
        self.init(
            record: record, subject: subject,
            partition: StableHash.partition(of: subject, count: reader.partitionCount), applied: applied)
    }
}
