/// How far a projection has read.
struct ReadingPlace: Sendable {
    /// The offset of the newest event applied; 0 before the first, and for events without offsets.
    private(set) var offset: Int64 = 0

    /// Whether the event is new.
    mutating func advance(to event: ProjectionEvent) -> Bool {
        guard let next = event.offset else { return true }
        guard next > offset else { return false }
        offset = next
        return true
    }
}
