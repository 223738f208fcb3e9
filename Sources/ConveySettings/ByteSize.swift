/// A number of bytes in the notation of settings: `262144`, `256KiB`, `16MiB`, `10MB`.
struct ByteSize: Sendable, Equatable, CustomStringConvertible {
    let bytes: Int

    private static let units: [(unit: String, bytes: Int)] = [
        ("gib", 1 << 30), ("mib", 1 << 20), ("kib", 1 << 10), ("gb", 1_000_000_000), ("mb", 1_000_000), ("kb", 1_000),
        ("b", 1), ("", 1),
    ]

    init(bytes: Int) {
        self.bytes = bytes
    }

    /// Nil if the text is not a whole number with a known unit or none, or the size does not fit.
    init?(_ text: String) {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == "_") }
        let unit = text.dropFirst(digits.count).lowercased()
        guard let scale = Self.units.first(where: { $0.unit == unit }),
            let number = Int(digits.replacing("_", with: ""))
        else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: scale.bytes)
        guard !overflow else { return nil }
        bytes = product
    }

    /// In the largest binary unit that divides it.
    var description: String {
        for (name, size) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] where bytes != 0 && bytes % size == 0
        {
            return "\(bytes / size)\(name)"
        }
        return String(bytes)
    }
}
