import Signals

/// Joins adjacent pieces of an answer, so that a reader gets lines instead of tokens.
///
/// A delta joins the entry before it if both belong to the assistant, have the same output and channel, and the joined
/// text has no more characters (grapheme clusters) than the limit. The first entry's metadata stays; all ids are kept.
public struct TokenCoalescer: Sendable {
    /// Joined text is about a paragraph: short enough to follow a stream, long enough that a view has few entries.
    public static let standardLimit = 280

    public let maxCharacters: Int
    private var tail: Tail?

    /// Facts about the last entry, so that extending it costs only as much as the addition.
    private struct Tail: Sendable {
        var characters: Int
        var ids: Set<ExactText> = []
    }

    public init(maxCharacters: Int = TokenCoalescer.standardLimit) {
        self.maxCharacters = maxCharacters
    }

    /// Adds `entry` to `last` if the rule allows it. Called for every entry, in order.
    ///
    /// - Parameter last: the previous entry, changed if `entry` joins it.
    /// - Returns: whether it joined. If not, `entry` is the next call's `last`.
    public mutating func join(_ entry: TimelineEntry, to last: inout TimelineEntry) -> Bool {
        guard Self.areOneOutput(last, entry) else {
            tail = nil
            return false
        }
        let addition = entry.content.text
        var tail = self.tail ?? Tail(characters: last.content.text.count)
        let characters = tail.characters + Self.growth(of: last.content.text, by: addition)
        guard characters <= maxCharacters else {
            self.tail = nil
            return false
        }
        self.tail = nil  // Otherwise its set of ids would be copied.
        tail.characters = characters
        last.content.append(text: addition)
        Self.addIDs(of: entry, to: &last, known: &tail.ids)
        self.tail = tail
        return true
    }

    /// All entries at once.
    public static func coalesce(
        _ entries: some Sequence<TimelineEntry>, maxCharacters: Int = TokenCoalescer.standardLimit
    ) -> [TimelineEntry] {
        var coalescer = TokenCoalescer(maxCharacters: maxCharacters)
        var joined: [TimelineEntry] = []
        for entry in entries where joined.isEmpty || !coalescer.join(entry, to: &joined[joined.count - 1]) {
            joined.append(entry)
        }
        return joined
    }

    private static func areOneOutput(_ one: TimelineEntry, _ other: TimelineEntry) -> Bool {
        one.kind == .delta && other.kind == .delta && one.role == .assistant && other.role == .assistant
            && one.outputID == other.outputID && one.channel == other.channel
    }

    /// The number of characters by which `addition` extends `text`. Only the last character may change (`e` and an
    /// accent); text before a character boundary does not affect text after it (Unicode Standard Annex 29).
    private static func growth(of text: String, by addition: String) -> Int {
        guard let last = text.last else { return addition.count }
        return (String(last) + addition).count - 1
    }

    private static func addIDs(of entry: TimelineEntry, to last: inout TimelineEntry, known: inout Set<ExactText>) {
        var ids = last.eventIDs ?? []
        last.eventIDs = nil
        if known.isEmpty { ids = (ids + last.ownIDs).filter { known.insert(ExactText($0)).inserted } }
        for id in (entry.eventIDs ?? []) + entry.ownIDs where known.insert(ExactText(id)).inserted {
            ids.append(id)
        }
        last.eventIDs = ids
    }
}

extension TimelineEntry {
    /// The entry's id in a list; empty if it has none.
    fileprivate var ownIDs: [String] { eventID.map { [$0] } ?? [] }
}
