/// Which dead letters a list has.
package enum DeadLetterSelection: Sendable, Equatable {
    /// Those that nobody has discarded.
    case open
    case all
    case reason(DeadLetter.Reason)

    /// The word for all of them; every other one is a reason.
    package static let allWord = "any"
    /// The words that stand for a selection other than the open ones.
    package static let words = [allWord] + DeadLetter.Reason.allCases.map(\.rawValue)

    /// - Parameter word: `any` or a reason; nil for the open ones.
    /// - Returns: nil if the word is neither.
    package init?(_ word: String?) {
        switch word {
        case nil: self = .open
        case Self.allWord: self = .all
        case let word?:
            guard let reason = DeadLetter.Reason(rawValue: word) else { return nil }
            self = .reason(reason)
        }
    }

    /// The word of the selection; nil for the open ones.
    package var word: String? {
        switch self {
        case .open: nil
        case .all: Self.allWord
        case .reason(let reason): reason.rawValue
        }
    }

    package func includes(_ letter: DeadLetter) -> Bool {
        switch self {
        case .open: letter.reason != .discarded
        case .all: true
        case .reason(let reason): letter.reason == reason
        }
    }
}
