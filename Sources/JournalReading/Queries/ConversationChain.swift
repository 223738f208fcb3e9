import JournalPort
import Signals

/// Where the records of a conversation are, by offset: known from some offset up to the newest one, and made longer at both
/// ends as it is needed. Eight bytes per record, so that a page in the middle of a long conversation is walked to only once.
struct ConversationChain {
    /// Records walked between two looks at the clock, in one read transaction.
    static let step = 512

    /// The offset of the first known position.
    private(set) var first: Int64
    private var positions: [Int64]

    /// - Parameter head: the newest record.
    init(head: ConversationHead) {
        first = head.offset
        positions = [head.position.rawValue]
    }

    /// The newest known offset.
    var last: Int64 { first + Int64(positions.count) - 1 }

    var bytes: Int { positions.count * MemoryLayout<Int64>.stride }

    /// Follows the conversation to a newer head.
    mutating func advance(
        to head: ConversationHead, reader: any JournalReader, deadline: QueryDeadline
    ) throws(QueryFailure) {
        guard head.offset > last else { return }
        var newer: [Int64] = []
        var next = head.position
        while next > .start, head.offset - Int64(newer.count) > last {
            try deadline.check()
            let missing = Int(head.offset - last) - newer.count
            let links = try QueryFailure.reading { () throws(JournalError) in
                try reader.links(from: next, limit: min(missing, Self.step))
            }
            newer += links.map(\.position.rawValue)
            next = links.last?.previous ?? .start
        }
        positions += newer.reversed()
    }

    /// The position of a record, walking to it where it is not known yet.
    mutating func position(
        of offset: Int64, reader: any JournalReader, deadline: QueryDeadline
    ) throws(QueryFailure) -> Position {
        while offset < first {
            try deadline.check()
            let from = Position(positions[0])
            // The first link is the record itself, which is known.
            let links = try QueryFailure.reading { () throws(JournalError) in
                try reader.links(from: from, limit: min(Int(first - offset), Self.step) + 1)
            }
            let older = links.dropFirst()
            guard !older.isEmpty else {
                throw .journal(JournalError(.damaged, "the chain of record \(from) ends before offset \(offset)"))
            }
            positions.insert(contentsOf: older.reversed().map(\.position.rawValue), at: 0)
            first -= Int64(older.count)
        }
        return Position(positions[Int(offset - first)])
    }

    /// The positions of consecutive records.
    mutating func positions(
        of offsets: ClosedRange<Int64>, reader: any JournalReader, deadline: QueryDeadline
    ) throws(QueryFailure) -> [Position] {
        _ = try position(of: offsets.lowerBound, reader: reader, deadline: deadline)
        return positions[Int(offsets.lowerBound - first)...Int(offsets.upperBound - first)].map { Position($0) }
    }
}
