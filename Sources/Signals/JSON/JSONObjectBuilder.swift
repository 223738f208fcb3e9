/// Builds a JSON object member by member, in the order of the calls.
public struct JSONObjectBuilder: Sendable {
    private var bytes: [UInt8] = []
    private var isEmpty = true

    public init(reservingCapacity capacity: Int = 256) {
        bytes.reserveCapacity(capacity)
        bytes.append(UInt8(ascii: "{"))
    }

    /// Appends an object to `bytes`, built by `body`.
    public static func append(to bytes: inout [UInt8], _ body: (inout JSONObjectBuilder) -> Void) {
        var builder = JSONObjectBuilder(continuing: &bytes)
        body(&builder)
        bytes = builder.finish()
    }

    /// Takes over the bytes to avoid a copy.
    private init(continuing bytes: inout [UInt8]) {
        swap(&self.bytes, &bytes)
        self.bytes.append(UInt8(ascii: "{"))
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

    /// Adds an object built by `body`.
    public mutating func add(_ name: StaticString, object body: (inout JSONObjectBuilder) -> Void) {
        addName(name)
        bytes.append(UInt8(ascii: "{"))
        isEmpty = true
        body(&self)
        bytes.append(UInt8(ascii: "}"))
        isEmpty = false
    }

    /// Adds the members of another object unchanged.
    /// - Parameter object: a JSON object, with its braces and nothing outside them.
    public mutating func addMembers(of object: some BidirectionalCollection<UInt8>) {
        let inside = object.dropFirst().dropLast()
        guard inside.contains(where: { $0 > 0x20 }) else { return }
        separate()
        bytes.append(contentsOf: inside)
    }

    /// Adds the members of another object with their spelling.
    /// - Parameter name: the member to leave out.
    public mutating func addMembers(of object: JSONObjectView, without name: String) {
        for member in object.members {
            let key = object.key(member)
            guard key != name else { continue }
            separate()
            JSONWriter.append(string: key, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            bytes.append(contentsOf: object.value(member).raw)
        }
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
        if !isEmpty { bytes.append(UInt8(ascii: ",")) }
        isEmpty = false
    }
}
