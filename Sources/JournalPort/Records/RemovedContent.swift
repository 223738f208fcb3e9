import Signals

/// The rest of a signal whose content was removed on purpose: its place and its hash prove that it existed.
///
/// Content is removed only before the checkpoint, and never while the signal waits to be applied or published. If id
/// and source are left, a repeat of the signal is still recognized, and the signal is still found as a cause. If they
/// were removed, too, a repeat is a new signal.
public struct RemovedContent: Sendable, Equatable {
    public enum Reason: String, Sendable, CaseIterable {
        /// A piece of an answer that has ended: the end contains everything that the piece said.
        case sealed
        /// Older than its retention allows.
        case expired
        /// A request to erase the conversation.
        case erased
    }

    public var reason: Reason
    public var family: Family
    /// Nil if the id was removed, too.
    public var id: String?
    /// Nil if the source was removed, too.
    public var source: String?
    /// Nil if the type was removed, too.
    public var type: String?
    /// `JournalRecord.Content.hash` of the removed content.
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
