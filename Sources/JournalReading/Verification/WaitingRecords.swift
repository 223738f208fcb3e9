import JournalPort
import Signals

/// Signals that are recorded but not yet applied during the replay. Keeps the bytes of as many as a limit allows: most
/// are applied soon after.
struct WaitingRecords {
    struct Place: Hashable {
        var position: Position
        var conversation: ConversationID
    }

    private var records: [Position: (conversation: ConversationID, record: JournalRecord?)] = [:]
    private var residentBytes = 0
    private var pruneAt = 100_000

    /// Maximum bytes of data kept in memory.
    private static let residentByteLimit = 64 << 20
    /// Dead letters among them are searched after this many signals.
    private static let pruneStep = 100_000

    /// The waiting signals, in record order.
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

    /// Removes a record; nil if it does not wait in this conversation, and nil inside if its bytes were not kept.
    mutating func remove(_ position: Position, of conversation: ConversationID) -> JournalRecord?? {
        guard let entry = records[position], entry.conversation == conversation else { return nil }
        records[position] = nil
        if let record = entry.record { residentBytes -= Self.size(record) }
        return .some(entry.record)
    }

    /// Dead letters wait forever: the caller searches for them once there are many.
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
