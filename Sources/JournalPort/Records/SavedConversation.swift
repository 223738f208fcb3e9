import Conversation
import Signals

/// The saved form of a conversation's state and counters: the content of a journal's `state` column.
///
/// A checksum over counters and state is appended, so that later changes are detected. A conversation that was set
/// aside has the reason instead of the state.
extension ConversationRecord {
    private static let setAsideName: StaticString = "set_aside"
    private static let configuredName: StaticString = "configured"
    /// Before and after the sixteen digits of the checksum.
    private static let checkBegin = Array(#","saved_check":""#.utf8)
    private static let checkEnd = Array(#""}"#.utf8)
    private static let checkDigits = 16

    /// The state, or the reason for its absence, with the checksum.
    public func encodeSaved() -> [UInt8] {
        var bytes: [UInt8]
        if let damage {
            var object = JSONObjectBuilder()
            object.add(Self.setAsideName, damage.reason)
            bytes = object.finish()
        } else {
            bytes = core.state.encode()
            if let configured = core.configured {
                bytes.removeLast()
                bytes += #","\#(Self.configuredName)":\#(configured)}"#.utf8
            }
        }
        bytes.removeLast()
        let check = check(of: bytes)
        return bytes + Self.checkBegin + check + Self.checkEnd
    }

    /// Reads the output of `encodeSaved` after the counters were read: sets `core`, or `damage`. It also reads a state
    /// without a checksum, as earlier versions wrote it.
    public mutating func decodeSaved(_ bytes: [UInt8]) {
        guard isChecked(bytes) else {
            damage = .changed("the saved counters and state have changed since they were saved")
            return
        }
        do {
            let json = try JSONValue(bytes)
            if let reason = json[Self.setAsideName.description]?.string {
                damage = .setAside(reason)
            } else {
                core.state = try ConversationState(decoding: bytes)
                core.configured = json[Self.configuredName.description]?.int.map { Position(Int64($0)) }
            }
        } catch {
            damage = .unreadable("the saved state cannot be read: \(error)")
        }
    }

    /// False if there is a checksum and it does not match.
    private func isChecked(_ bytes: [UInt8]) -> Bool {
        let tail = bytes.suffix(Self.checkBegin.count + Self.checkDigits + Self.checkEnd.count)
        guard tail.starts(with: Self.checkBegin) else { return true }
        let found = tail.dropFirst(Self.checkBegin.count).prefix(Self.checkDigits)
        return found.elementsEqual(check(of: Array(bytes.dropLast(tail.count))))
    }

    /// Hexadecimal digits over everything that is saved.
    private func check(of state: [UInt8]) -> [UInt8] {
        var hash = StableHash()
        hash.combine(subject)
        for number in [id.rawValue, Int64(partition), through.rawValue, head.rawValue, offset, core.canceledThrough] {
            hash.combine(UInt64(bitPattern: number))
        }
        for sequence in sequences { hash.combine(UInt64(bitPattern: sequence)) }
        state.withUnsafeBufferPointer { hash.combine($0) }
        let digits = String(hash.value, radix: 16)
        return Array(repeating: UInt8(ascii: "0"), count: Self.checkDigits - digits.utf8.count) + Array(digits.utf8)
    }
}
