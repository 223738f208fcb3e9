import Signals

/// What a transaction reads from the journal, in one call: a journal behind a network answers in one round trip.
public struct JournalLookup: Sendable {
    /// Hashes of identities: the positions of such signals up to the last checkpoint.
    public var identities: [UInt64] = []
    public var records: [Position] = []
    public var deadLetters: [Position] = []
    public var subjects: [String] = []
    public var conversations: [ConversationID] = []

    public init() {}

    public var isEmpty: Bool {
        identities.isEmpty && records.isEmpty && deadLetters.isEmpty && subjects.isEmpty && conversations.isEmpty
    }
}
