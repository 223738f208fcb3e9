/// The text that an attempt has streamed so far.
enum StreamedText: Equatable {
    case held(String)
    /// Only in the journal: an earlier process ran the attempt, or the texts of all attempts took too much memory.
    case recorded

    /// Bytes in memory.
    var bytes: Int {
        switch self {
        case .held(let text): text.utf8.count
        case .recorded: 0
        }
    }

    /// - Returns: whether it is in memory.
    mutating func append(_ piece: String) -> Bool {
        guard case .held(var text) = self else { return false }
        // Without a second owner the text is extended in place.
        self = .recorded
        text += piece
        self = .held(text)
        return true
    }
}
