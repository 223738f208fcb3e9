import JournalPort
import PostgreSQL

extension JournalError {
    /// Converts a failure of PostgreSQL into an error of the journal. The outcome of the failed transaction is unknown.
    init(_ error: PostgresError) {
        switch error.code {
        case .url, .refused: self.init(.cannotOpen, error.message)
        case .unreachable, .timedOut, .lost, .warned: self.init(.inputOutput, error.message)
        case .server(let state): self.init(Self.code(ofState: state), "\(error.message) (SQLSTATE \(state))")
        }
    }

    /// postgresql.org/docs/15/errcodes-appendix.html
    private static func code(ofState state: String) -> Code {
        switch state {
        case "53100": .diskFull
        case "55P03", "40001", "40P01": .busy
        case "42501", "28000", "28P01", "3D000": .cannotOpen
        // A table or a column is missing: the schema was changed.
        case "42P01", "42703", "3F000": .corrupt
        default:
            switch state.prefix(2) {
            // A violated constraint means that memory and journal disagree; XX means a damaged database.
            case "23", "XX": .corrupt
            default: .inputOutput
            }
        }
    }
}
