import CPostgreSQL

/// Collects the warnings of a connection. Without it libpq would print them.
final class Notices {
    private(set) var warnings: [String] = []

    /// Returns and removes the warnings since the last call.
    func take() -> [String] {
        defer { warnings = [] }
        return warnings
    }

    /// Close the connection before this object is deallocated.
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

// The field codes are character macros (postgres_ext.h), which Swift does not import.
private let PG_DIAG_SEVERITY_NONLOCALIZED_CODE = Int32(UInt8(ascii: "V"))
private let PG_DIAG_MESSAGE_PRIMARY_CODE = Int32(UInt8(ascii: "M"))
let PG_DIAG_SQLSTATE_CODE = Int32(UInt8(ascii: "C"))
