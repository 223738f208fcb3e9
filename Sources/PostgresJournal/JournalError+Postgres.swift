import JournalPort
import PostgreSQL

extension JournalError {
    /// What a failure of PostgreSQL means for a journal. Nothing is known of the transaction it happened in.
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
        // A table or a column is not there: somebody has changed the schema.
        case "42P01", "42703", "3F000": .corrupt
        default:
            switch state.prefix(2) {
            // A constraint that does not hold means that memory and journal disagree; XX is a damaged database.
            case "23", "XX": .corrupt
            default: .inputOutput
            }
        }
    }
}
