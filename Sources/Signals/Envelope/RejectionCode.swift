/// Why a message was not recorded as a signal. docs: "Rejections".
public enum RejectionCode: Sendable, Equatable, CustomStringConvertible {
    case malformedJSON
    case tooLarge
    case tooDeep
    case invalidUTF8
    /// A required attribute without a default is missing.
    case attributeMissing(String)
    /// An attribute is empty, blank, too long or contains control characters.
    case attributeInvalid(String)
    /// A type outside `conv.{in,applied,effect,out,audit}.`.
    case typeNamespace
    /// A type that its topic does not accept.
    case typeNotAllowed
    case subjectMismatch
    case typeMismatch
    case contractVersionInvalid
    case contractVersionUnsupported
    case payloadNotObject
    /// Keys that the family requires in `data` and that are missing, null or blank there.
    case payloadMissing([String])

    /// The published code: `attribute_missing:id`, `payload_missing:effect_id,lifecycle`.
    public var description: String {
        switch self {
        case .attributeMissing(let name), .attributeInvalid(let name): "\(label):\(name)"
        case .payloadMissing(let keys): "\(label):\(keys.joined(separator: ","))"
        case .malformedJSON, .tooLarge, .tooDeep, .invalidUTF8, .typeNamespace, .typeNotAllowed, .subjectMismatch,
            .typeMismatch, .contractVersionInvalid, .contractVersionUnsupported, .payloadNotObject:
            label
        }
    }

    /// The code without names, one of fourteen: suitable as a metric's label.
    public var label: String {
        switch self {
        case .malformedJSON: "malformed_json"
        case .tooLarge: "too_large"
        case .tooDeep: "too_deep"
        case .invalidUTF8: "invalid_utf8"
        case .attributeMissing: "attribute_missing"
        case .attributeInvalid: "attribute_invalid"
        case .typeNamespace: "type_namespace"
        case .typeNotAllowed: "type_not_allowed"
        case .subjectMismatch: "subject_mismatch"
        case .typeMismatch: "type_mismatch"
        case .contractVersionInvalid: "contract_version_invalid"
        case .contractVersionUnsupported: "contract_version_unsupported"
        case .payloadNotObject: "payload_not_object"
        case .payloadMissing: "payload_missing"
        }
    }
}
