/// The values of one column in several rows: a one-dimensional array in PostgreSQL's binary format, for `unnest`.
package struct Column {
    private let type: ValueType
    private var bytes: [UInt8] = []
    private var count = 0
    private var hasNull = false

    private init(_ type: ValueType, capacity: Int) {
        self.type = type
        bytes.reserveCapacity(capacity)
    }

    /// - Parameter rows: the expected number of values.
    package static func integers(rows: Int = 0) -> Column { Column(.integer, capacity: rows * 12) }
    package static func texts(rows: Int = 0) -> Column { Column(.text, capacity: rows * 32) }
    package static func bytes(rows: Int = 0) -> Column { Column(.bytes, capacity: rows * 64) }
    package static func booleans(rows: Int = 0) -> Column { Column(.bool, capacity: rows * 5) }

    package mutating func append(_ value: Int64?) {
        guard let value else { return appendNull() }
        begin(8)
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func append(_ value: Int) { append(Int64(value)) }

    package mutating func append(_ value: Bool) {
        begin(1)
        bytes.append(value ? 1 : 0)
    }

    package mutating func append(_ text: String?) {
        guard var text else { return appendNull() }
        text.withUTF8 { utf8 in
            begin(utf8.count)
            bytes.append(contentsOf: utf8)
        }
    }

    package mutating func append(_ value: [UInt8]?) {
        guard let value else { return appendNull() }
        begin(value.count)
        bytes.append(contentsOf: value)
    }

    package mutating func appendNull() {
        count += 1
        hasNull = true
        append32(-1)
    }

    private mutating func begin(_ length: Int) {
        count += 1
        append32(Int32(length))
    }

    private mutating func append32(_ value: Int32) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// The type of the whole array.
    var arrayType: UInt32 { type.array }

    /// Appends the array to a buffer. The header has dimensions, a flag for nulls, element type, length and lower bound.
    func write(to buffer: inout [UInt8]) {
        for number in [1, hasNull ? 1 : 0, Int32(type.rawValue), Int32(count), 1] {
            withUnsafeBytes(of: number.bigEndian) { buffer.append(contentsOf: $0) }
        }
        buffer += bytes
    }
}
