extension JournalRecord {
    /// A hash of everything that a journal keeps of the record, times, places and markers included: no bit of it can change
    /// unseen, whether the record was applied or waits or is a dead letter. It is stored beside the record, so it never changes.
    ///
    /// It guards against disks and copies, not against people: who can write the journal can write a new digest too.
    public var digest: UInt64 {
        var digest = RecordDigest()
        digest.combine(UInt64(bitPattern: position.rawValue))
        digest.combine(UInt64(bitPattern: conversation.rawValue))
        digest.combine(UInt64(bitPattern: previous.rawValue))
        digest.combine(UInt64(bitPattern: offset))
        digest.combine(UInt64(bitPattern: sequence))
        digest.combine(UInt64(bitPattern: recordedAt))
        switch content {
        case .signal(let signal):
            digest.combine(1)
            digest.combine(signal.subject)
            digest.combine(signal.id)
            digest.combine(signal.source)
            digest.combine(signal.type)
            digest.combine(signal.time)
            switch signal.cause {
            case .none: digest.combine(0)
            case .signal(let id):
                digest.combine(1)
                digest.combine(id)
            case .unsatisfiable: digest.combine(2)
            }
            digest.combine(signal.traceparent)
            signal.extensions.withUnsafeBytes { digest.combine($0) }
            signal.data.withUnsafeBytes { digest.combine($0) }
        case .marker(let marker):
            digest.combine(2)
            digest.combine(UInt64(bitPattern: marker.appliedPosition.rawValue))
            digest.combine(UInt64(bitPattern: marker.applyOrder))
            digest.combine(UInt64(marker.priority.rawValue))
            digest.combine(marker.digest)
        case .unreadable: digest.combine(3)
        }
        return digest.value
    }
}

/// Mixes words of 8 bytes. Every step can be undone, so a change of one word always changes the result; bytes are read eight
/// at a time, because this runs once for each record that is written.
struct RecordDigest {
    private(set) var value: UInt64 = 0x9e37_79b9_7f4a_7c15

    mutating func combine(_ word: UInt64) {
        value = (value ^ word) &* 0xff51_afd7_ed55_8ccd
        value ^= value >> 32
    }

    mutating func combine(_ text: String) {
        var text = text
        text.withUTF8 { combine(UnsafeRawBufferPointer($0)) }
    }

    /// Nothing and an empty text differ.
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
