/// Finds the known name that was probably meant.
package enum NearestName {
    /// `; did you mean NAME?`, or empty if no name is similar.
    package static func hint(for name: String, among known: some Collection<String>) -> String {
        let ranked = known.map { (name: $0, distance: distance(name, $0)) }.sorted {
            ($0.distance, $0.name) < ($1.distance, $1.name)
        }
        guard let best = ranked.first, best.distance <= max(2, name.count / 3) else { return "" }
        return "; did you mean \(best.name)?"
    }

    /// The number of characters to insert, remove or replace to turn one text into the other.
    static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left), Array(right))
        var row = Array(0...right.count)
        for (i, character) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in right.enumerated() {
                let replaced = diagonal + (character == other ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
            }
        }
        return row[right.count]
    }
}
