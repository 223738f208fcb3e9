import Conversation
import JournalPort
import Signals

/// Walks a conversation's chain backwards to build a context. It reads links in pages, and reads in full only the
/// records that a context shows. It skips markers and the pieces of answers, which are most of a conversation.
struct ContextChain {
    struct Step {
        var link: RecordLink
        /// The signal, if a context shows its type.
        var signal: Signal?
    }

    /// Links in the first page: about one exchange. Each page is twice as large as the previous one, up to
    /// `ConversationChain.step`.
    private static let firstPage = 32
    /// Records read in full at a time. They may be large, and the walk may end before all are needed.
    private static let recordPage = 16

    private let reader: any JournalReader
    private let conversation: ConversationID
    /// The position of the next record; `.start` at the end of the chain.
    private(set) var next: Position
    private var page = Self.firstPage
    private var links: ArraySlice<RecordLink> = []
    private var records: ArraySlice<JournalRecord> = []

    init(reader: any JournalReader, conversation: ConversationID, from position: Position) {
        self.reader = reader
        self.conversation = conversation
        next = position
    }

    /// Reads the next record.
    /// - Throws: `JournalError`; `damaged` if the record cannot be read or belongs to another conversation.
    mutating func step() throws(JournalError) -> Step {
        if links.isEmpty {
            links = try reader.links(from: next, limit: page)[...]
            page = min(2 * page, ConversationChain.step)
        }
        guard let link = links.first, link.position == next, link.conversation == conversation, link.previous < next
        else {
            throw JournalError(.damaged, "record \(next) is not of conversation \(conversation), as its chain says")
        }
        if case .unreadable(let reason, _) = link.content { throw Self.unreadable(link.position, reason) }
        let signal = LLMContextProjection.shows(link.type) ? try readSignal() : nil
        _ = links.popFirst()
        next = link.previous
        return Step(link: link, signal: signal)
    }

    /// The signal of the first link.
    private mutating func readSignal() throws(JournalError) -> Signal? {
        if records.isEmpty {
            let wanted = links.lazy.filter { LLMContextProjection.shows($0.type) }.prefix(Self.recordPage)
            records = try reader.records(at: Array(wanted.map(\.position)))[...]
        }
        guard let record = records.popFirst() else { return nil }
        switch record.content {
        case .signal(let signal): return signal
        case .marker, .removed: return nil
        case .unreadable(let reason, _): throw Self.unreadable(record.position, reason)
        }
    }

    private static func unreadable(_ position: Position, _ reason: String) -> JournalError {
        JournalError(.damaged, "record \(position) cannot be read: \(reason)")
    }
}
