import Conversation
import JournalPort
import Signals

/// Rebuilds the saved data of a conversation from its records: counters from its chain, and its state by applying its
/// signals again in the order of their markers. Every marker's digest must match.
///
/// Costs a walk along the whole conversation. If its saved counters are wrong, too, the journal is searched from its
/// end for the conversation's newest record. Used only if the saved data cannot be used.
struct ConversationRebuild {
    /// The records do not produce the conversation either.
    struct Failure: Error {
        let reason: String
        /// The counters as far as the records show, so that further records can be added to the conversation.
        let counters: ConversationRecord
    }

    private let journal: any JournalReader
    private static let page = 512

    init(_ journal: any JournalReader) {
        self.journal = journal
    }

    /// Why a saved conversation cannot be used; nil if it can. Checks only its newest records.
    func problem(with row: ConversationRecord) throws(JournalError) -> String? {
        if let damage = row.damage { return damage.reason }
        guard row.partition == StableHash.partition(of: row.subject, count: journal.partitionCount) else {
            return "it is saved in partition \(row.partition), where it does not belong"
        }
        guard row.head > .start else { return nil }
        var links: [RecordLink] = []
        do throws(JournalError) {
            links = try journal.links(from: row.head, limit: 1)
            // All its records were deleted: there is nothing to compare with.
            if links.isEmpty { return nil }
            guard let head = links.first, head.conversation == row.id, head.offset == row.offset else {
                return "its saved head, position \(row.head), is not its newest record"
            }
            if head.family != .applied { links = try journal.links(from: row.head, limit: Self.newestLimit) }
        } catch {
            guard error.code == .damaged else { throw error }
            return error.message
        }
        for link in links {
            guard case .marker(let marker) = link.content else { continue }
            return marker.digest == row.core.state.digest
                ? nil
                : "its saved state is not the result of the newest applied signal, position \(link.position)"
        }
        return nil
    }

    /// Records searched for the newest marker: before it come signals that wait to be applied.
    private static let newestLimit = 16

    /// - Parameters:
    ///   - row: the saved data. Its counters are used only if they agree with the records.
    ///   - last: the journal's newest position.
    /// - Returns: the conversation as of its `through`.
    /// - Throws: if the journal cannot be read at all.
    func rebuild(_ row: ConversationRecord, last: Position) throws(JournalError) -> Result<ConversationRecord, Failure>
    {
        if let head = try believableHead(of: row) {
            var record = empty(row, through: row.through)
            var markers: [Marker] = []
            if let problem = try walk(from: head, into: &record, &markers) {
                return .failure(Failure(reason: problem, counters: row))
            }
            if record.sequences == row.sequences { return try replay(markers.reversed(), in: record) }
        }
        var record = empty(row, through: last)
        guard let head = try newest(of: row.id, through: last) else { return .success(record) }
        var markers: [Marker] = []
        if let problem = try walk(from: head, into: &record, &markers) {
            return .failure(Failure(reason: problem, counters: try countersWithoutChain(of: record, through: last)))
        }
        return try replay(markers.reversed(), in: record)
    }

    private func empty(_ row: ConversationRecord, through: Position) -> ConversationRecord {
        var record = ConversationRecord(
            id: row.id, subject: row.subject,
            partition: StableHash.partition(of: row.subject, count: journal.partitionCount))
        record.through = through
        return record
    }

    /// The record saved as the newest, unless the saved counters are known to be wrong.
    private func believableHead(of row: ConversationRecord) throws(JournalError) -> RecordLink? {
        if case .changed = row.damage { return nil }
        do throws(JournalError) {
            let head = try journal.links(from: row.head, limit: 1).first
            return head?.conversation == row.id && head?.offset == row.offset ? head : nil
        } catch {
            guard error.code == .damaged else { throw error }
            return nil
        }
    }

    /// The conversation's newest record.
    private func newest(of id: ConversationID, through last: Position) throws(JournalError) -> RecordLink? {
        var next = last.next
        while true {
            let links = try journal.newestLinks(before: next, limit: Self.page)
            guard let oldest = links.last else { return nil }
            if let found = links.first(where: { $0.conversation == id }) { return found }
            next = oldest.position
        }
    }

    /// Follows the chain to its beginning, and takes the counters from it.
    /// - Returns: the problem of the chain; nil if it is intact.
    private func walk(
        from head: RecordLink, into record: inout ConversationRecord, _ markers: inout [Marker]
    ) throws(JournalError) -> String? {
        record.head = head.position
        record.offset = head.offset
        var position = head.position
        var offset = head.offset
        while position > .start {
            let links: [RecordLink]
            do throws(JournalError) {
                links = try journal.links(from: position, limit: Self.page)
            } catch {
                guard error.code == .damaged else { throw error }
                return error.message
            }
            // Earlier records were deleted.
            if links.isEmpty { break }
            for link in links {
                guard link.conversation == record.id, link.offset == offset else {
                    return "its chain leads to position \(link.position), which is not its record at offset \(offset)"
                }
                switch link.content {
                case .signal, .removed: break
                case .marker(let marker): markers.append(marker)
                case .unreadable(let reason, _): return "record \(link.position) cannot be read: \(reason)"
                }
                offset -= 1
                let family = Int((link.family ?? .audit).rawValue)
                if record.sequences[family] == 0 { record.sequences[family] = link.sequence }
                position = link.previous
            }
        }
        return offset == 0 ? nil : "its chain ends before its first record, at offset \(offset + 1)"
    }

    /// Applies the signals of markers, oldest first.
    private func replay(
        _ markers: some Sequence<Marker>, in counters: ConversationRecord
    ) throws(JournalError) -> Result<ConversationRecord, Failure> {
        var record = counters
        for marker in markers {
            guard let applied = try journal.record(at: marker.appliedPosition), applied.conversation == record.id,
                let recorded = applied.recordedSignal
            else {
                let reason = "record \(marker.appliedPosition) was applied but cannot be read"
                return .failure(Failure(reason: reason, counters: counters))
            }
            _ = record.core.apply(recorded, priority: marker.priority)
            guard record.core.state.digest == marker.digest else {
                let reason =
                    "replaying it gives a state that differs from that of record \(applied.position) "
                    + "(offset \(applied.offset))"
                return .failure(Failure(reason: reason, counters: counters))
            }
        }
        return .success(record)
    }

    /// The highest numbers of all its records, wherever its chain leads: new records are numbered after them.
    private func countersWithoutChain(
        of record: ConversationRecord, through last: Position
    ) throws(JournalError) -> ConversationRecord {
        var record = record
        var next = last.next
        while true {
            let links = try journal.newestLinks(before: next, limit: Self.page)
            guard let oldest = links.last else { return record }
            for link in links where link.conversation == record.id {
                record.offset = max(record.offset, link.offset)
                guard let family = link.family else { continue }
                record.sequences[Int(family.rawValue)] = max(record.sequences[Int(family.rawValue)], link.sequence)
            }
            next = oldest.position
        }
    }
}
