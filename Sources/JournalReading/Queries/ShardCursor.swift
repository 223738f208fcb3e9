/// The end of a page of a list: a place in each shard's list, in the order of the shards, separated by dots. Empty for
/// a shard from which nothing has been read. With one shard, only its place.
struct ShardCursor<Place: CustomStringConvertible> {
    var places: [Place?]

    /// The beginning of a list.
    init(shards: Int) { places = Array(repeating: nil, count: shards) }

    /// Reads the output of `text`.
    /// - Parameter read: reads a place; nil for an invalid one.
    /// - Returns: nil for anything else, and for a cursor for another number of shards.
    init?(_ text: String, shards: Int, _ read: (String) -> Place?) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == shards, shards > 1 || !text.isEmpty else { return nil }
        places = []
        for part in parts {
            let place = read(String(part))
            if place == nil, !part.isEmpty { return nil }
            places.append(place)
        }
    }

    var text: String { places.map { $0?.description ?? "" }.joined(separator: ".") }
}
