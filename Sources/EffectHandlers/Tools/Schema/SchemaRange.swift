/// The number of elements that a schema allows.
struct SchemaRange: Sendable, CustomStringConvertible {
    var least: Int
    var most: Int

    func contains(_ count: Int) -> Bool { least <= count && count <= most }

    /// For messages.
    var description: String {
        if most == .max { return "at least \(least)" }
        if least == most { return "exactly \(least)" }
        return least == 0 ? "at most \(most)" : "\(least) to \(most)"
    }
}
