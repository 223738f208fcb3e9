import JournalPort
import Signals

/// The positions of a conversation's records, by offset: from some offset up to the newest record, extended at both
/// ends as needed. It takes eight bytes per record, so that the chain is walked only once to reach a page in the middle
/// of a long conversation.
struct ConversationChain {
    /// Records per read transaction, and between two checks of the deadline.
    static let step = 512

    /// The offset of the record at which the chain began.
    private let origin: Int64
    /// From the origin backwards, newest first. Never empty.
    private var older: [Int64]
    /// After the origin, oldest first.
    private var newer: [Int64] = []

    /// - Parameter head: the newest record.
    init(head: ConversationHead) {
        origin = head.offset
        older = [head.position.rawValue]
    }

    /// The oldest known offset.
    var first: Int64 { origin - Int64(older.count) + 1 }

    /// The newest known offset.
    var last: Int64 { origin + Int64(newer.count) }

    var bytes: Int { (older.count + newer.count) * MemoryLayout<Int64>.stride }

    /// Follows the conversation to a newer head.
    mutating func advance(
        to head: ConversationHead, reader: any JournalReader, deadline: QueryDeadline
    ) throws(QueryFailure) {
        guard head.offset > last else { return }
        var added: [Int64] = []
        var next = head.position
        while next > .start, head.offset - Int64(added.count) > last {
            try deadline.check()
            let missing = Int(head.offset - last) - added.count
            let links = try QueryFailure.reading { () throws(JournalError) in
                try reader.links(from: next, limit: min(missing, Self.step))
            }
            added += links.map(\.position.rawValue)
            next = links.last?.previous ?? .start
        }
        newer += added.reversed()
    }

    /// The position of a record. Walks the chain to it if it is not known yet.
    mutating func position(
        of offset: Int64, reader: any JournalReader, deadline: QueryDeadline
    ) throws(QueryFailure) -> Position {
        while offset < first {
            try deadline.check()
            let from = known(first)
            // The first link is the record itself, which is already known.
            let links = try QueryFailure.reading { () throws(JournalError) in
                try reader.links(from: from, limit: min(Int(first - offset), Self.step) + 1)
            }
            guard links.count > 1 else {
                throw .journal(JournalError(.damaged, "the chain of record \(from) ends before offset \(offset)"))
            }
            older += links.dropFirst().map(\.position.rawValue)
        }
        return known(offset)
    }

    /// The positions of consecutive records.
    mutating func positions(
        of offsets: ClosedRange<Int64>, reader: any JournalReader, deadline: QueryDeadline
    ) throws(QueryFailure) -> [Position] {
        _ = try position(of: offsets.lowerBound, reader: reader, deadline: deadline)
        return offsets.map { known($0) }
    }

    /// - Parameter offset: from `first` to `last`.
    private func known(_ offset: Int64) -> Position {
        Position(offset > origin ? newer[Int(offset - origin) - 1] : older[Int(origin - offset)])
    }
}
