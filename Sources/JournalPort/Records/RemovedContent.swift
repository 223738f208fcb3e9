import Signals

/// What is left of a signal whose content was removed on purpose: its place and its hash prove that it was there.
///
/// Content is removed only behind the checkpoint, and never while it waits to be applied or published. Where id and source are left, a
/// repeat of the signal is still known as one, and it is still found as a cause; where they were removed, too, a repeat is a new signal.
public struct RemovedContent: Sendable, Equatable {
    public enum Reason: String, Sendable, CaseIterable {
        /// A piece of an answer that has ended: the end says all that the piece said.
        case sealed
        /// Older than its retention allows.
        case expired
        /// Somebody asked for the conversation to be erased.
        case erased
    }

    public var reason: Reason
    public var family: Family
    /// Nil where the id was removed, too.
    public var id: String?
    /// Nil where the source was removed, too.
    public var source: String?
    /// Nil where the type was removed, too.
    public var type: String?
    /// `JournalRecord.Content.hash` of what was there.
    public var contentHash: UInt64

    public init(
        reason: Reason, family: Family, id: String? = nil, source: String? = nil, type: String? = nil,
        contentHash: UInt64
    ) {
        self.reason = reason
        self.family = family
        self.id = id
        self.source = source
        self.type = type
        self.contentHash = contentHash
    }
}
