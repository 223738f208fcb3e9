import Signals

extension JournalRecord {
    /// The expected value of `hash`, computed from the record: no bit of it can change unnoticed, including time and
    /// place, whether the signal was applied, waits or is a dead letter.
    ///
    /// It combines the record's place with a hash of its content, so that it can still be checked after the content was
    /// removed. It protects against faulty disks and copies, not against people: anyone who can write the journal can
    /// also write a new hash.
    package var computedHash: UInt64 {
        Self.hash(
            position: position, conversation: conversation, previous: previous, offset: offset, sequence: sequence,
            recordedAt: recordedAt, contentHash: content.hash)
    }

    static func hash(
        position: Position, conversation: ConversationID, previous: Position, offset: Int64, sequence: Int64,
        recordedAt: Int64, contentHash: UInt64
    ) -> UInt64 {
        var hash = RecordHash()
        hash.combine(UInt64(bitPattern: position.rawValue))
        hash.combine(UInt64(bitPattern: conversation.rawValue))
        hash.combine(UInt64(bitPattern: previous.rawValue))
        hash.combine(UInt64(bitPattern: offset))
        hash.combine(UInt64(bitPattern: sequence))
        hash.combine(UInt64(bitPattern: recordedAt))
        hash.combine(contentHash)
        return hash.value
    }
}

extension JournalRecord.Content {
    /// The hash of everything recorded besides the place: a signal's id, source, type, time, cause, traceparent,
    /// extensions and data. It remains when the content is removed.
    package var hash: UInt64 {
        var hash = RecordHash()
        switch self {
        case .signal(let signal):
            hash.combine(1)
            hash.combine(signal.id)
            hash.combine(signal.source)
            hash.combine(signal.type)
            hash.combine(signal.time)
            switch signal.cause {
            case .none: hash.combine(0)
            case .signal(let id):
                hash.combine(1)
                hash.combine(id)
            case .unsatisfiable: hash.combine(2)
            }
            hash.combine(signal.traceparent)
            signal.extensions.withUnsafeBytes { hash.combine($0) }
            signal.data.withUnsafeBytes { hash.combine($0) }
        case .marker(let marker):
            hash.combine(2)
            hash.combine(UInt64(bitPattern: marker.appliedPosition.rawValue))
            hash.combine(UInt64(bitPattern: marker.applyOrder))
            hash.combine(UInt64(marker.priority.rawValue))
            hash.combine(marker.digest)
        case .removed(let removed): return removed.contentHash
        case .unreadable: hash.combine(3)
        }
        return hash.value
    }
}

/// Mixes words of 8 bytes. Every step is reversible, so a change of one word always changes the result. It reads eight
/// bytes at a time, because it runs once for each record written.
struct RecordHash {
    private(set) var value: UInt64 = 0x9e37_79b9_7f4a_7c15

    mutating func combine(_ word: UInt64) {
        value = (value ^ word) &* 0xff51_afd7_ed55_8ccd
        value ^= value >> 32
    }

    mutating func combine(_ text: String) {
        var text = text
        text.withUTF8 { combine(UnsafeRawBufferPointer($0)) }
    }

    /// Nil and an empty text differ.
    mutating func combine(_ text: String?) {
        combine(text == nil ? 0 : 1)
        if let text { combine(text) }
    }

    /// The length comes first, so that ("ab", "c") and ("a", "bc") differ.
    mutating func combine(_ bytes: UnsafeRawBufferPointer) {
        combine(UInt64(bytes.count))
        var offset = 0
        while offset + 8 <= bytes.count {
            combine(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            offset += 8
        }
        guard offset < bytes.count else { return }
        var rest: UInt64 = 0
        for byte in bytes[offset...].reversed() { rest = rest << 8 | UInt64(byte) }
        combine(rest)
    }
}
