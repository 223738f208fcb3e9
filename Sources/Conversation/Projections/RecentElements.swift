/// A sequence that grows at its end and, with a limit, keeps only its newest elements. Places count from 0 and do not
/// change when older elements are dropped.
struct RecentElements<Element: Sendable>: Sendable {
    private let limit: Int?
    private var elements: [Element] = []
    /// Number of elements removed.
    private(set) var dropped = 0

    /// - Parameter limit: elements to keep, at least one; nil keeps all.
    init(limit: Int?) {
        self.limit = limit.map { max(1, $0) }
    }

    /// The place after the newest element: the number of elements ever appended.
    var end: Int { dropped + elements.count }

    /// The place of the oldest element that is certainly kept.
    var start: Int { limit.map { max(dropped, end - $0) } ?? 0 }

    /// All elements in memory, including those before `start`.
    var kept: [Element] { elements }

    /// Grows to twice the limit, then drops the older half, so that it costs O(1) on average.
    mutating func append(_ element: Element) {
        if let limit, elements.count == 2 * limit {
            elements.removeFirst(limit)
            dropped += limit
        }
        elements.append(element)
    }

    /// The elements at places that are still kept.
    subscript(places: Range<Int>) -> ArraySlice<Element> {
        let kept = places.clamped(to: start..<end)
        return elements[kept.lowerBound - dropped..<kept.upperBound - dropped]
    }

    subscript(place: Int) -> Element { elements[place - dropped] }

    /// Changes the element at a place in place; nil if it was removed or never existed.
    mutating func update<Result>(_ place: Int, _ change: (inout Element) -> Result) -> Result? {
        guard place >= dropped, place < end else { return nil }
        return change(&elements[place - dropped])
    }
}
