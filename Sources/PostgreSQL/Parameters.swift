/// The parameters of a query, in PostgreSQL's binary format.
package struct Parameters {
    private(set) var types: [UInt32] = []
    private(set) var buffer: [UInt8] = []
    /// The range of each parameter in the buffer; nil for NULL.
    private(set) var places: [Range<Int>?] = []

    package init() {}

    package mutating func append(_ value: Int64?) {
        add(.integer, value.map { value in { buffer in withUnsafeBytes(of: value.bigEndian) { buffer += $0 } } })
    }

    package mutating func append(_ value: Int) { append(Int64(value)) }

    package mutating func append(_ text: String?) {
        add(.text, text.map { text in { buffer in buffer += text.utf8 } })
    }

    package mutating func append(_ bytes: [UInt8]?) {
        add(.bytes, bytes.map { bytes in { buffer in buffer += bytes } })
    }

    package mutating func append(_ column: Column) {
        types.append(column.arrayType)
        let start = buffer.count
        column.write(to: &buffer)
        places.append(start..<buffer.count)
    }

    private mutating func add(_ type: ValueType, _ write: ((inout [UInt8]) -> Void)?) {
        types.append(type.rawValue)
        guard let write else { return places.append(nil) }
        let start = buffer.count
        write(&buffer)
        places.append(start..<buffer.count)
    }
}

extension Parameters: ExpressibleByArrayLiteral {
    /// A parameter that is written as one of several of different types.
    package enum Value {
        case integer(Int64?)
        case text(String?)
        case bytes([UInt8]?)
        case column(Column)
    }

    package init(arrayLiteral elements: Value...) {
        for element in elements {
            switch element {
            case .integer(let value): append(value)
            case .text(let value): append(value)
            case .bytes(let value): append(value)
            case .column(let column): append(column)
            }
        }
    }
}
