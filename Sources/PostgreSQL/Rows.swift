import CPostgreSQL

/// The rows that a statement returned, in binary format. Rows and columns are numbered from 0.
package final class Rows {
    private let result: OpaquePointer

    /// Takes over the result.
    init(_ result: OpaquePointer) { self.result = result }

    deinit { PQclear(result) }

    package var count: Int { Int(PQntuples(result)) }
    package var isEmpty: Bool { count == 0 }
    /// The number of rows that an INSERT, UPDATE or DELETE changed.
    package var changed: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }

    package func isNull(_ row: Int, _ column: Int) -> Bool { PQgetisnull(result, Int32(row), Int32(column)) == 1 }

    /// An integer of any size, or a Boolean as 0 or 1; 0 for NULL.
    package func integer(_ row: Int, _ column: Int) -> Int64 {
        let bytes = buffer(row, column)
        var value: UInt64 = 0
        for byte in bytes { value = value << 8 | UInt64(byte) }
        switch bytes.count {
        case 2: return Int64(Int16(truncatingIfNeeded: value))
        case 4: return Int64(Int32(truncatingIfNeeded: value))
        default: return Int64(bitPattern: value)
        }
    }

    package func isTrue(_ row: Int, _ column: Int) -> Bool { integer(row, column) != 0 }

    package func text(_ row: Int, _ column: Int) -> String? {
        isNull(row, column) ? nil : String(decoding: buffer(row, column), as: UTF8.self)
    }

    /// Empty for NULL.
    package func bytes(_ row: Int, _ column: Int) -> [UInt8] { Array(buffer(row, column)) }

    /// Valid as long as this object exists.
    private func buffer(_ row: Int, _ column: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: PQgetvalue(result, Int32(row), Int32(column)),
            count: Int(PQgetlength(result, Int32(row), Int32(column))))
    }
}
