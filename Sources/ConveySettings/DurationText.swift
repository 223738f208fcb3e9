/// A duration in the notation of settings: a number and a unit, `500ms`, `1.5s`, `5m`, `12h`, `7d`.
package struct DurationText: Sendable, Equatable, CustomStringConvertible {
    package let duration: Duration

    private static let milliseconds: [(unit: String, count: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]

    package init(_ duration: Duration) {
        self.duration = duration
    }

    /// Nil if the text is not a number with a unit, is negative, or is longer than a hundred years.
    package init?(_ text: String) {
        let number = text.prefix { $0.isNumber || $0 == "." }
        let unit = text.dropFirst(number.count)
        guard let scale = Self.milliseconds.first(where: { $0.unit == unit }), let value = Double(number) else {
            return nil
        }
        let total = value * Double(scale.count)
        guard total >= 0, total <= 36_525 * 86_400_000 else { return nil }
        duration = .milliseconds(Int64(total.rounded()))
    }

    /// The shortest form that reads back as the same duration.
    package var description: String {
        let (seconds, attoseconds) = duration.components
        let total = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
        for (unit, count) in Self.milliseconds where total != 0 && total % count == 0 {
            return "\(total / count)\(unit)"
        }
        return "0s"
    }
}
