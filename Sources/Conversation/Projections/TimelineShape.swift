/// What the entries of a timeline are.
public enum TimelineShape: String, Sendable, CaseIterable {
    /// One entry per answer, with its outcome; consent requests and tools by name. What people should see.
    case answers
    /// Pieces of text joined to entries of limited length, as the reference vectors fix it: text of void attempts stays, and only
    /// completed answers have an end.
    case reference
}
