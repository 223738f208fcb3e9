import Signals
import Yams

/// A mapping or list of the YAML file as the JSON text for a structured setting, and the line of each member.
struct StructuredText {
    /// Aliases can expand a small file into a huge one. No configuration is larger than this.
    static let sizeLimit = ConfigFile.sizeLimit
    /// The same limit as the JSON scanner.
    static let depthLimit = 64

    private(set) var json: [UInt8] = []
    /// The lines of the members, by their path below the setting (`local.base_url`, `0.name`).
    private(set) var lines: [String: Int] = [:]

    /// Throws for values that JSON cannot represent.
    init(_ node: Node) throws(InvalidValue) {
        try append(node, path: "", depth: 1)
    }

    private mutating func append(_ node: Node, path: String, depth: Int) throws(InvalidValue) {
        guard depth <= Self.depthLimit else { throw InvalidValue("is nested too deeply") }
        guard json.count <= Self.sizeLimit else { throw InvalidValue("is larger than 1 MiB") }
        switch node {
        case .scalar(let scalar): append(scalar, node)
        case .mapping(let mapping):
            json.append(UInt8(ascii: "{"))
            for (index, (nameNode, value)) in mapping.enumerated() {
                guard let name = nameNode.scalar?.string else {
                    throw InvalidValue("has a member whose name is not text")
                }
                if index > 0 { json.append(UInt8(ascii: ",")) }
                JSONWriter.append(string: name, to: &json)
                json.append(UInt8(ascii: ":"))
                try appendMember(value, path: path.isEmpty ? name : "\(path).\(name)", at: nameNode, depth: depth)
            }
            json.append(UInt8(ascii: "}"))
        case .sequence(let sequence):
            json.append(UInt8(ascii: "["))
            for (index, value) in sequence.enumerated() {
                if index > 0 { json.append(UInt8(ascii: ",")) }
                try appendMember(value, path: path.isEmpty ? "\(index)" : "\(path).\(index)", at: value, depth: depth)
            }
            json.append(UInt8(ascii: "]"))
        case .alias: throw InvalidValue("has an undefined alias")
        }
    }

    private mutating func appendMember(
        _ value: Node, path: String, at place: Node, depth: Int
    ) throws(InvalidValue) {
        if let line = place.mark?.line { lines[path] = line }
        try append(value, path: path, depth: depth + 1)
    }

    /// A quoted text is text; a plain one may be a number, true, false or null.
    private mutating func append(_ scalar: Node.Scalar, _ node: Node) {
        let text = scalar.string
        if scalar.style == .plain {
            if node.null != nil { return JSONWriter.append(raw: "null", to: &json) }
            if let bool = node.bool { return JSONWriter.append(raw: bool ? "true" : "false", to: &json) }
            // A number keeps its spelling if JSON allows the spelling.
            switch (try? JSONSlice(Array(text.utf8)))?.kind {
            case .integer, .fraction: return json.append(contentsOf: text.utf8)
            case .null, .true, .false, .string, .array, .object, nil: break
            }
        }
        JSONWriter.append(string: text, to: &json)
    }
}
