/// The members of `data` that the contract reads.
enum PayloadKey: Int, CaseIterable {
    case messageID, ingress, appliedEventID, effectID, lifecycle, outputID, channel, auditID, category, causeID

    @inline(__always)
    var text: StaticString {
        switch self {
        case .messageID: "message_id"
        case .ingress: "ingress"
        case .appliedEventID: "applied_event_id"
        case .effectID: "effect_id"
        case .lifecycle: "lifecycle"
        case .outputID: "output_id"
        case .channel: "channel"
        case .auditID: "audit_id"
        case .category: "category"
        case .causeID: "cause_id"
        }
    }

    /// The key that a member of `data` has, if the contract reads it.
    @inline(__always)
    init?(_ base: UnsafeRawPointer, key: JSONSlot) {
        if key.isEscaped {
            let text = JSONText.string(base, key)
            guard let name = Self.allCases.first(where: { $0.text.description == text }) else { return nil }
            self = name
            return
        }
        let range = key.contentRange
        let text = base + range.lowerBound
        @inline(__always) func isNamed(_ name: PayloadKey) -> Bool { JSONText.sameBytes(text, name.text) }
        let name: PayloadKey? =
            switch range.count {
            case 7: isNamed(.ingress) ? .ingress : isNamed(.channel) ? .channel : nil
            case 8: isNamed(.auditID) ? .auditID : isNamed(.category) ? .category : isNamed(.causeID) ? .causeID : nil
            case 9:
                isNamed(.effectID) ? .effectID : isNamed(.lifecycle) ? .lifecycle : isNamed(.outputID) ? .outputID : nil
            case 10: isNamed(.messageID) ? .messageID : nil
            case 16: isNamed(.appliedEventID) ? .appliedEventID : nil
            default: nil
            }
        guard let name else { return nil }
        self = name
    }
}
