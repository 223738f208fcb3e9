/// The envelope's attributes that Convey uses, under every name that it accepts.
enum AttributeName: Int, CaseIterable {
    case id, source, type, subject, time, specversion, datacontenttype, dataschema
    case data, dataBase64, extensions
    case contractmajor, contractMajorAlias
    case causationid, causeIDAlias
    case projectIDAlias, conversationIDAlias
    case traceparent
    case sequence, partition, offset

    @inline(__always)
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

    /// The attribute that a key names. The length of a key selects the candidates: few names have the same length.
    @inline(__always)
    init?(_ base: UnsafeRawPointer, key: JSONSlot) {
        if key.isEscaped {
            self.init(JSONText.string(base, key))
            return
        }
        let range = key.contentRange
        let text = base + range.lowerBound
        @inline(__always) func isNamed(_ name: AttributeName) -> Bool { JSONText.sameBytes(text, name.text) }
        let name: AttributeName? =
            switch range.count {
            case 2: isNamed(.id) ? .id : nil
            case 4: isNamed(.type) ? .type : isNamed(.data) ? .data : isNamed(.time) ? .time : nil
            case 6: isNamed(.source) ? .source : isNamed(.offset) ? .offset : nil
            case 7: isNamed(.subject) ? .subject : nil
            case 8: isNamed(.causeIDAlias) ? .causeIDAlias : isNamed(.sequence) ? .sequence : nil
            case 9: isNamed(.partition) ? .partition : nil
            case 10:
                isNamed(.dataschema)
                    ? .dataschema
                    : isNamed(.extensions) ? .extensions : isNamed(.projectIDAlias) ? .projectIDAlias : nil
            case 11:
                isNamed(.specversion)
                    ? .specversion
                    : isNamed(.causationid)
                        ? .causationid : isNamed(.traceparent) ? .traceparent : isNamed(.dataBase64) ? .dataBase64 : nil
            case 13: isNamed(.contractmajor) ? .contractmajor : nil
            case 14: isNamed(.contractMajorAlias) ? .contractMajorAlias : nil
            case 15:
                isNamed(.datacontenttype)
                    ? .datacontenttype : isNamed(.conversationIDAlias) ? .conversationIDAlias : nil
            default: nil
            }
        guard let name else { return nil }
        self = name
    }

    init?(_ text: String) {
        guard let name = Self.allCases.first(where: { $0.text.description == text }) else { return nil }
        self = name
    }
}
