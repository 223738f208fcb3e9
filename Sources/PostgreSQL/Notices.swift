import CPostgreSQL

/// Collects a connection's warnings, which libpq would print.
final class Notices {
    private(set) var warnings: [String] = []

    /// Takes the warnings since the last call.
    func take() -> [String] {
        defer { warnings = [] }
        return warnings
    }

    /// The connection must be closed before this object goes.
    func listen(to connection: OpaquePointer) {
        PQsetNoticeReceiver(
            connection,
            { context, result in
                guard let context, let result else { return }
                let notices = Unmanaged<Notices>.fromOpaque(context).takeUnretainedValue()
                let severity = Notices.field(PG_DIAG_SEVERITY_NONLOCALIZED_CODE, of: result)
                guard severity == "WARNING" else { return }
                notices.warnings.append(Notices.field(PG_DIAG_MESSAGE_PRIMARY_CODE, of: result) ?? "a warning")
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    static func field(_ code: Int32, of result: OpaquePointer) -> String? {
        PQresultErrorField(result, code).map { String(cString: $0) }
    }
}

// Codes of fields are character macros, which the importer leaves out (postgres_ext.h).
private let PG_DIAG_SEVERITY_NONLOCALIZED_CODE = Int32(UInt8(ascii: "V"))
private let PG_DIAG_MESSAGE_PRIMARY_CODE = Int32(UInt8(ascii: "M"))
let PG_DIAG_SQLSTATE_CODE = Int32(UInt8(ascii: "C"))
