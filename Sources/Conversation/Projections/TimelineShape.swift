/// The kind of entries in a timeline.
public enum TimelineShape: String, Sendable, CaseIterable {
    /// One entry per answer, with its outcome; approval requests and tools by name. This is the form for people.
    case answers
    /// Pieces of text joined to entries of limited length, as the reference vectors fix it: the text of discarded
    /// attempts stays, and only completed answers have an end.
    case reference
}
