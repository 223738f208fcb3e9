import JournalPort
import Signals

/// Signals that are recorded and not applied, while records are replayed. Keeps the bytes of as many as a limit allows:
/// most are applied soon after.
struct WaitingRecords {
    struct Place: Hashable {
        var position: Position
        var conversation: ConversationID
    }

    private var records: [Position: (conversation: ConversationID, record: JournalRecord?)] = [:]
    private var residentBytes = 0
    private var pruneAt = 100_000

    /// Data kept in memory.
    private static let residentByteLimit = 64 << 20
    /// Dead letters among them are looked for at every so many.
    private static let pruneStep = 100_000

    /// What waits, in record order.
    var places: [Place] {
        records.map { Place(position: $0.key, conversation: $0.value.conversation) }
            .sorted { $0.position < $1.position }
    }

    func contains(_ position: Position) -> Bool { records[position] != nil }

    mutating func insert(_ record: JournalRecord) {
        let bytes = Self.size(record)
        let isKept = residentBytes + bytes <= Self.residentByteLimit
        if isKept { residentBytes += bytes }
        records[record.position] = (record.conversation, isKept ? record : nil)
    }

    /// Takes a record out; nil when it does not wait in this conversation, and nil inside when its bytes were not kept.
    mutating func remove(_ position: Position, of conversation: ConversationID) -> JournalRecord?? {
        guard let entry = records[position], entry.conversation == conversation else { return nil }
        records[position] = nil
        if let record = entry.record { residentBytes -= Self.size(record) }
        return .some(entry.record)
    }

    /// Dead letters wait for ever: the caller looks for them once there are many.
    var isPruneDue: Bool { records.count >= pruneAt }

    mutating func forget(_ positions: [Position]) {
        for position in positions {
            if let record = records.removeValue(forKey: position)?.record { residentBytes -= Self.size(record) }
        }
        pruneAt = records.count + Self.pruneStep
    }

    private static func size(_ record: JournalRecord) -> Int {
        switch record.content {
        case .signal(let signal): signal.data.count + signal.extensions.count + 512
        case .marker, .removed, .unreadable: 256
        }
    }
}
