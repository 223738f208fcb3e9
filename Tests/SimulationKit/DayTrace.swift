import Conversation
import JournalPort
import JournalSupport
import Signals

/// Everything visible of a conversation at the end of a day. Derived ids, which differ between journals, are written as
/// `#{offset}` of the record whose position they contain; the state's digest, which depends on them, is left out.
public struct DayTrace: Equatable, Sendable {
    /// In record order, with offsets, sequences, times and apply orders.
    public var records: [String] = []
    /// As published.
    public var events: [String] = []
    public var timeline: [String] = []
    public var state: String
    /// The events that hosts received.
    public var outcomes: [String]

    init(
        _ conversation: ConversationRecord, state live: ConversationState, on disk: SimulatedDisk, outcomes: [String]
    ) throws {
        let own = disk.records.filter { $0.conversation == conversation.id }
        let names = NeutralIDs(
            disk.shard.tag, offsets: Dictionary(uniqueKeysWithValues: own.map { ($0.position, $0.offset) }))
        let journal = SimulatedJournal(disk)
        var writer = OutboundEnvelope(root: "conv", ids: DerivedIDs(disk.shard.tag))
        var projection = TimelineProjection()
        for record in own {
            let place = "\(record.offset) \(record.family?.name ?? "") \(record.sequence) at \(record.recordedAt): "
            switch record.content {
            case .signal(let signal):
                projection.apply(ProjectionEvent(signal, offset: record.offset))
                let text = String(decoding: signal.data, as: UTF8.self)
                records.append(
                    place
                        + (try names.replace(in: "\(signal.id) \(signal.source) \(signal.type) \(signal.cause) \(text)"))
                )
            case .marker(let marker):
                let applied = try names.offset(of: marker.appliedPosition)
                records.append(place + "applied \(applied), order \(marker.applyOrder), \(marker.priority)")
            case .removed, .unreadable:
                throw Simulation.Violation(description: "record \(record.position) has no content")
            }
            if let event = try OutboundEvent(record, reader: journal) {
                let publication = writer.write(event)
                let text = String(decoding: publication.payload, as: UTF8.self)
                events.append("\(publication.topic) \(try names.replace(in: text))")
            }
        }
        for entry in projection.all {
            var bytes: [UInt8] = []
            entry.append(to: &bytes)
            timeline.append(try names.replace(in: String(decoding: bytes, as: UTF8.self)))
        }
        let state = try JSONValue(live.encode()).object?.filter { $0.key != "digest" } ?? []
        self.state = try names.replace(in: "\(state)") + " in partition \(conversation.partition)"
        self.outcomes = try outcomes.map { try names.replace(in: $0) }
    }
}

/// Replaces the tag and the positions in derived ids with offsets.
private struct NeutralIDs {
    private let tag: String
    private let offsets: [Position: Int64]

    /// - Parameter offsets: of the records of one conversation.
    init(_ tag: ShardTag, offsets: [Position: Int64]) {
        self.tag = tag.text
        self.offsets = offsets
    }

    func offset(of position: Position) throws -> Int64 {
        guard let offset = offsets[position] else {
            throw Simulation.Violation(description: "position \(position) is not of the conversation")
        }
        return offset
    }

    func replace(in text: String) throws -> String {
        let pieces = text.split(separator: "\(tag)-", omittingEmptySubsequences: false)
        var result = String(pieces[0])
        for (piece, before) in zip(pieces.dropFirst(), pieces) {
            var rest = piece
            result += try "#\(takeOffset(&rest))"
            // late-result-{tag}-{cause}-{ordinal}-{position}
            if before.hasSuffix("late-result-") {
                let ordinal = rest.dropFirst().prefix { $0 != "-" }
                rest = rest.dropFirst(ordinal.count + 2)
                result += try "-\(ordinal)-#\(takeOffset(&rest))"
            }
            result += rest
        }
        return result
    }

    private func takeOffset(_ text: inout Substring) throws -> Int64 {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits) else {
            throw Simulation.Violation(description: "no position behind the tag in \(text)")
        }
        text = text.dropFirst(digits.count)
        return try offset(of: Position(number))
    }
}
