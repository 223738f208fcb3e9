/// The rules that make an envelope a signal, whatever way it came.
///
/// Errors are looked for in this order: specversion; type and source missing; id, subject, time, datacontenttype and
/// dataschema given but empty; type, source, id and subject blank, too long or with control characters; the type's
/// family; agreement with the topic; contract version; payload.
///
/// The edges (MQTT, HTTP) ask more than `normalize`, whose answers the reference vectors fix: all that is published from what
/// they take in is a valid CloudEvent (EnvelopeScan+Edge.swift).
public enum Contract {
    /// The only major version of the contract so far.
    public static let supportedMajor = "1"
    /// Extension attributes that one envelope may carry: they are compared with each other, and published with it.
    public static let maximumExtensions = 64

    /// What the system fills in where the producer left something out.
    struct Defaults {
        var source: String
        var type: String?
        var subject: String?
        /// `data.ingress` for `conv.in.*`, together with `data.message_id`; nil adds neither.
        var ingress: String?
        /// Whether the rules of the edges hold. One of them: JSON's null as an attribute means that it is not set
        /// (CloudEvents JSON format, section 3.1).
        var isEdge: Bool
    }

    /// Checks a bare set of attributes (aliases included), such as a bridge sends, and gives the signal they make.
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
