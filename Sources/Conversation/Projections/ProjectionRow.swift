/// One element of a projection's view. Its JSON form is unique: the same events give the same bytes.
public protocol ProjectionRow: Sendable {
    func append(to bytes: inout [UInt8])
}

extension ProjectionRow {
    /// The row as a JSON object.
    public func encode() -> [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }
}

extension Collection where Element: ProjectionRow {
    /// The rows as a JSON array.
    public func encode() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(192 * count + 2)
        bytes.append(UInt8(ascii: "["))
        for (index, row) in enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            row.append(to: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
        return bytes
    }
}
