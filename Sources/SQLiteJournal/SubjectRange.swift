/// The subjects that begin with a prefix and come after another subject, as bounds of an index.
struct SubjectRange {
    private let start: String
    /// Excluded, even if it equals the start; no subject is empty.
    private let after: String
    /// After every text that begins with the prefix: no text contains this byte.
    let end: [UInt8]

    init(_ prefix: String, after subject: String?) {
        after = subject ?? ""
        start = prefix.utf8.lexicographicallyPrecedes(after.utf8) ? after : prefix
        end = prefix.utf8 + [0xff]
    }

    /// Binds start and exclusion as the first two parameters.
    func bind(to statement: Statement) {
        statement.bind(1, start)
        statement.bind(2, after)
    }
}
