import Signals

/// What a transaction wants to know of the journal, asked in one call: a journal behind a network answers in one round trip.
public struct JournalLookup: Sendable {
    /// Hashes of identities: where were such signals recorded, up to the last checkpoint?
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
