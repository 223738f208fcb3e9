/// The subjects that begin with a prefix and stand behind another one, as bounds of an index.
struct SubjectRange {
    private let start: String
    /// Not part of it, though it may be the start; no subject is empty.
    private let after: String
    /// Behind every text that begins with the prefix: no text has this byte.
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
