import JournalPort

/// Why a verification stopped.
enum VerificationStop: Error {
    case difference(JournalDifference)
    /// The journal cannot be read at the moment, which says nothing about its contents.
    case journal(JournalError)

    /// A difference about a record.
    init(_ kind: JournalDifference.Kind, _ message: String, _ record: JournalRecord, subject: String?) {
        self = .difference(JournalDifference(kind, message, record, subject: subject))
    }

    /// A journal that reports that it is corrupt is a difference; anything else is not.
    init(_ error: JournalError, reading what: String) {
        switch error.code {
        case .corrupt, .damaged: self = .difference(JournalDifference(.unreadable, "\(what): \(error.message)"))
        case .cannotOpen, .inUse, .newerVersion, .diskFull, .busy, .inputOutput, .syncFailed, .ownedElsewhere,
            .displaced:
            self = .journal(error)
        }
    }
}
