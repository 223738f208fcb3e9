/// The envelope's attributes that mean something to this runtime, under every name that is understood on the way in.
enum AttributeName: Int, CaseIterable {
    case id, source, type, subject, time, specversion, datacontenttype, dataschema
    case data, dataBase64, extensions
    case contractmajor, contractMajorAlias
    case causationid, causeIDAlias
    case projectIDAlias, conversationIDAlias
    case traceparent
    case sequence, partition, offset

    var text: StaticString {
        switch self {
        case .id: "id"
        case .source: "source"
        case .type: "type"
        case .subject: "subject"
        case .time: "time"
        case .specversion: "specversion"
        case .datacontenttype: "datacontenttype"
        case .dataschema: "dataschema"
        case .data: "data"
        case .dataBase64: "data_base64"
        case .extensions: "extensions"
        case .contractmajor: "contractmajor"
        case .contractMajorAlias: "contract_major"
        case .causationid: "causationid"
        case .causeIDAlias: "cause_id"
        case .projectIDAlias: "project_id"
        case .conversationIDAlias: "conversation_id"
        case .traceparent: "traceparent"
        case .sequence: "sequence"
        case .partition: "partition"
        case .offset: "offset"
        }
    }

    /// Names of the same length, to compare a key with two or three names instead of all.
    private static let bySize: [[AttributeName]] = (0...15).map { size in
        allCases.filter { $0.text.utf8CodeUnitCount == size }
    }

    init?(_ base: UnsafeRawPointer, key: JSONSlot) {
        if key.isEscaped {
            self.init(JSONText.string(base, key))
            return
        }
        let range = key.contentRange
        guard range.count < Self.bySize.count else { return nil }
        for name in Self.bySize[range.count] where JSONText.sameBytes(base + range.lowerBound, name.text) {
            self = name
            return
        }
        return nil
    }

    init?(_ text: String) {
        guard let name = Self.allCases.first(where: { $0.text.description == text }) else { return nil }
        self = name
    }
}

/// The members of `data` that the contract reads.
enum PayloadKey: Int, CaseIterable {
    case messageID, ingress, appliedEventID, effectID, lifecycle, outputID, channel, auditID, category, causeID

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

    private static let bySize: [[PayloadKey]] = (0...16).map { size in
        allCases.filter { $0.text.utf8CodeUnitCount == size }
    }

    init?(_ base: UnsafeRawPointer, key: JSONSlot) {
        if key.isEscaped {
            let text = JSONText.string(base, key)
            guard let name = Self.allCases.first(where: { $0.text.description == text }) else { return nil }
            self = name
            return
        }
        let range = key.contentRange
        guard range.count < Self.bySize.count else { return nil }
        for name in Self.bySize[range.count] where JSONText.sameBytes(base + range.lowerBound, name.text) {
            self = name
            return
        }
        return nil
    }
}
