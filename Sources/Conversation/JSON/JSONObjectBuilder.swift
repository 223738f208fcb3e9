/// Builds a JSON object member by member, in the order of the calls.
public struct JSONObjectBuilder: Sendable {
    private var bytes: [UInt8] = []

    public init(reservingCapacity capacity: Int = 256) {
        bytes.reserveCapacity(capacity)
        bytes.append(UInt8(ascii: "{"))
    }

    public mutating func add(_ name: StaticString, _ text: String) {
        addName(name)
        JSONWriter.append(string: text, to: &bytes)
    }

    public mutating func add(_ name: StaticString, _ number: some BinaryInteger) {
        addName(name)
        JSONWriter.append(integer: number, to: &bytes)
    }

    /// - Parameter json: a JSON value.
    public mutating func add(_ name: StaticString, json: some Collection<UInt8>) {
        addName(name)
        bytes.append(contentsOf: json)
    }

    /// Adds the members of another object, as they are.
    /// - Parameter object: a JSON object, braces included and nothing outside them.
    public mutating func addMembers(of object: some BidirectionalCollection<UInt8>) {
        let inside = object.dropFirst().dropLast()
        guard inside.contains(where: { $0 > 0x20 }) else { return }
        separate()
        bytes.append(contentsOf: inside)
    }

    public consuming func finish() -> [UInt8] {
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    private mutating func addName(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        JSONWriter.append(raw: name, to: &bytes)
        JSONWriter.append(raw: "\":", to: &bytes)
    }

    private mutating func separate() {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
    }
}
