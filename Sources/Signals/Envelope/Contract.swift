/// The rules that turn an envelope into a signal, whatever its transport.
///
/// Errors are checked in this order: specversion; type and source missing; id, subject, time, datacontenttype and
/// dataschema given but empty; type, source, id and subject blank, too long or with control characters; the type's
/// family; agreement with the topic; contract version; payload.
///
/// The edges (MQTT, HTTP) are stricter than `normalize`, whose results the reference vectors fix: everything that is
/// published from their input is a valid CloudEvent (EnvelopeScan+Edge.swift).
public enum Contract {
    /// The only major version of the contract so far.
    public static let supportedMajor = "1"
    /// Maximum extension attributes of one envelope: they are compared with each other, and published with it.
    public static let maximumExtensions = 64

    /// Values that the system fills in if the producer left something out.
    struct Defaults {
        var source: String
        var type: String?
        var subject: String?
        /// `data.ingress` for `conv.in.*`, together with `data.message_id`; nil adds neither.
        var ingress: String?
        /// Whether the rules of the edges apply. One of them: JSON's null as an attribute means that it is not set
        /// (CloudEvents JSON format, section 3.1).
        var isEdge: Bool
    }

    /// Checks a set of attributes (aliases included), such as a bridge sends, and returns the resulting signal.
    ///
    /// - Parameter makeID: the id for a signal that has none.
    /// - Returns: the signal and the names of the attributes that were filled in.
    public static func normalize(
        json: [UInt8], makeID: () -> String
    ) -> Result<(signal: Signal, generated: [String]), Rejection> {
        json.withUnsafeBufferPointer { bytes in
            do throws(Rejection) {
                let defaults = Defaults(source: "/convey/contract", isEdge: false)
                let check = try ContractCheck(bytes, defaults: defaults, makeID: makeID)
                return .success((try check.signal(), check.generated))
            } catch { return .failure(error) }
        }
    }

    /// The one or two members that `data` must have.
    static func requiredKeys(_ family: Family) -> (PayloadKey, PayloadKey?) {
        switch family {
        case .inbound: (.messageID, .ingress)
        case .applied: (.appliedEventID, nil)
        case .effect: (.effectID, .lifecycle)
        case .output: (.outputID, .channel)
        case .audit: (.auditID, .category)
        }
    }
}
