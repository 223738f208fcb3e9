/// The header of a SQLite database: the first 100 bytes of its first page (sqlite.org/fileformat2.html, section 1.3).
package struct DatabaseHeader: Equatable {
    package static let length = 100
    private static let magic = Array("SQLite format 3\0".utf8)

    package let pageSize: Int
    /// Number of pages of the database; nil if the header does not say.
    package let pageCount: Int?
    /// Changes when tables change, and when SQLite rewrites the database: for a backup, or by VACUUM.
    package let schemaCookie: Int64
    package let userVersion: Int64
    package let applicationID: Int64

    /// Nil if the bytes are not such a header.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count >= Self.length, bytes.starts(with: Self.magic) else { return nil }
        func number(_ offset: Int) -> UInt32 { bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) } }
        let size = Int(bytes[16]) << 8 | Int(bytes[17])
        pageSize = size == 1 ? 65_536 : size
        guard pageSize >= 512, pageSize.nonzeroBitCount == 1 else { return nil }
        // The page count is valid if the change counter matches the one it was written with.
        pageCount = number(24) == number(92) && number(28) > 0 ? Int(number(28)) : nil
        schemaCookie = Int64(number(40))
        userVersion = Int64(Int32(bitPattern: number(60)))
        applicationID = Int64(number(68))
    }
}
