import Conversation
import Signals

/// How a conversation's state is saved beside its counters: what journals write in the `state` column.
///
/// A check over counters and state stands at its end, so that what was changed later is not taken for what was saved. A
/// conversation that was set aside has the reason in the state's place.
extension ConversationRecord {
    private static let setAsideName: StaticString = "set_aside"
    private static let configuredName: StaticString = "configured"
    /// In front of the check's sixteen digits, and behind them.
    private static let checkBegin = Array(#","saved_check":""#.utf8)
    private static let checkEnd = Array(#""}"#.utf8)
    private static let checkDigits = 16

    /// The state, or why there is none, with the check.
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

    /// Reads what `encodeSaved` wrote, once the counters are read: sets `core`, or `damage`. A state without a check, as
    /// earlier versions wrote it, is read, too.
    public mutating func decodeSaved(_ bytes: [UInt8]) {
        guard isChecked(bytes) else {
            damage = .changed("the saved counters and state are not those that were saved")
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

    /// False where there is a check and it does not fit.
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
