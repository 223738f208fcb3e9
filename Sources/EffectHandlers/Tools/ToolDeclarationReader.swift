import ChatCompletions
import FoundationEssentials
import Signals

/// Reads declarations and collects their problems, to report all of them at once.
struct ToolDeclarationReader {
    /// Size limit of a tool's description and parameters, in bytes.
    private static let descriptionLimit = 8_192
    private static let parametersLimit = 65_536
    private static let timeouts = Duration.milliseconds(100)...Duration.seconds(3_600)
    private static let outages = Duration.zero...Duration.seconds(86_400)
    private static let approvals = Duration.zero...Duration.seconds(365 * 86_400)
    private static let attempts = 1...20
    private static let members = [
        "description", "parameters", "transport", "url", "header_files", "timeout", "max_attempts", "unavailable_for",
        "requires_approval", "approval_timeout",
    ]

    private(set) var problems: [String] = []
    /// The path of the current value, for problems: `tools.get_weather`.
    private var place = "tools"

    mutating func read(_ value: JSONValue) -> [ToolDeclaration] {
        var declared: [(name: String, value: JSONValue)] = []
        switch value {
        case .null: return []
        case .object(let members): declared = members.map { ($0.key, $0.value) }
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                guard let name = element["name"]?.string, let members = element.object else {
                    problem(".\(index)", "must be an object with a name")
                    continue
                }
                if declared.contains(where: { $0.name == name }) { problem("", "declares \(name) twice") }
                declared.append((name, .object(members.filter { $0.key != "name" })))
            }
        case .bool, .integer, .fraction, .string:
            problem("", "must be an object of the form {name: {description: …, parameters: …}}")
        }
        if declared.count > ToolDeclarations.limit { problem("", "has more than \(ToolDeclarations.limit) tools") }
        return declared.compactMap { tool($0.name, $0.value) }
    }

    private mutating func tool(_ name: String, _ value: JSONValue) -> ToolDeclaration? {
        place = "tools.\(name)"
        defer { place = "tools" }
        let before = problems.count
        if !ToolDeclaration.isName(name) {
            problem("", "has a name that is not 1 to 64 of the characters A-Z a-z 0-9 _ -")
        }
        guard let members = value.object else {
            problem("", "must be an object with the members \(Self.members.joined(separator: ", "))")
            return nil
        }
        for member in members where !Self.members.contains(member.key) {
            problem(".\(member.key)", "is not a known member; \(Self.hint(for: member.key))")
        }
        let parameters = parameters(value["parameters"])
        let schema = schema(parameters)
        let tool = ToolDeclaration(
            name: name, description: text("description", of: value), parameters: parameters.encode(),
            schema: schema ?? .anything, transport: transport(value),
            timeout: duration("timeout", of: value, Self.timeouts, "from 100ms to 1h, such as 30s"),
            maxAttempts: maxAttempts(value["max_attempts"]),
            unavailableFor: duration("unavailable_for", of: value, Self.outages, "from 0s to 24h, such as 5m"),
            requiresApproval: flag("requires_approval", of: value),
            approvalTimeout: duration("approval_timeout", of: value, Self.approvals, "from 0s to 365d, such as 1h"))
        if let description = tool.description, description.utf8.count > Self.descriptionLimit {
            problem(".description", "is longer than \(Self.descriptionLimit) bytes")
        }
        if tool.parameters.count > Self.parametersLimit {
            problem(".parameters", "is longer than \(Self.parametersLimit) bytes")
        }
        return problems.count == before ? tool : nil
    }

    // MARK: Members

    /// The schema. Without a `type`, it gets `object`, as providers require.
    private mutating func parameters(_ value: JSONValue?) -> JSONValue {
        switch value {
        case nil, .null: return .object([("type", .string("object")), ("properties", .object([]))])
        case .object(let members):
            if let type = value?["type"] {
                if type.string != "object" { problem(".parameters/type", "must be object: arguments are named") }
                return .object(members)
            }
            return .object([("type", .string("object"))] + members)
        case .bool, .integer, .fraction, .string, .array:
            problem(".parameters", "must be a JSON schema: {type: object, properties: {…}, required: […]}")
            return .object([])
        }
    }

    private mutating func schema(_ parameters: JSONValue) -> JSONSchema? {
        do {
            return try JSONSchema(parameters)
        } catch {
            for fault in error.problems { problem(".parameters", ": \(fault)") }
            return nil
        }
    }

    private mutating func transport(_ value: JSONValue) -> ToolDeclaration.Transport {
        let name = text("transport", of: value) ?? "mqtt"
        switch name {
        case "mqtt":
            for member in ["url", "header_files"] where value[member] != nil {
                problem(".\(member)", "belongs to the transport http; add transport: http or leave it out")
            }
            return .mqtt
        case "http":
            let url = text("url", of: value)
            if url == nil { problem(".url", "is missing: the transport http requires it") }
            return .http(endpoint(url ?? "", headerFiles: value["header_files"]))
        default:
            problem(".transport", "must be mqtt or http, is \(name)")
            return .mqtt
        }
    }

    private mutating func endpoint(_ url: String, headerFiles: JSONValue?) -> HTTPToolEndpoint {
        var place = url
        if !url.isEmpty {
            let example = "it must look like https://tools.example.org/weather"
            if var parts = URLComponents(string: url, encodingInvalidCharacters: false),
                let scheme = parts.scheme?.lowercased(), scheme == "http" || scheme == "https",
                parts.host?.isEmpty == false
            {
                if parts.user != nil || parts.password != nil {
                    problem(".url", "has a user or password in it: use header_files")
                }
                if parts.fragment != nil { problem(".url", "has a fragment (#…)") }
                parts.percentEncodedQuery = nil
                place = parts.string ?? url
            } else {
                problem(".url", "is not an http:// or https:// URL; \(example)")
            }
        }
        var headers: [HTTPToolEndpoint.HeaderFile] = []
        let form = "must be an object of header names and files: {Authorization: /etc/convey/tool-token}"
        if let headerFiles, headerFiles.object == nil { problem(".header_files", form) }
        for header in headerFiles?.object ?? [] {
            guard let path = header.value.string, !path.isEmpty else {
                problem(".header_files", form)
                continue
            }
            if !HeaderText.isName(header.key) || HTTPToolTransport.ownHeaders.contains(header.key.lowercased()) {
                problem(".header_files.\(header.key)", "is not a header that can be set")
            }
            headers.append(HTTPToolEndpoint.HeaderFile(name: header.key, path: path))
        }
        return HTTPToolEndpoint(url: url, place: place, headerFiles: headers)
    }

    private mutating func duration(
        _ member: String, of tool: JSONValue, _ range: ClosedRange<Duration>, _ right: String
    ) -> Duration? {
        guard let value = tool[member] else { return nil }
        guard let duration = value.string.flatMap(Self.duration), range.contains(duration) else {
            problem(".\(member)", "must be a time \(right)")
            return nil
        }
        return duration
    }

    private mutating func maxAttempts(_ value: JSONValue?) -> Int? {
        guard let value else { return nil }
        guard let count = value.int, Self.attempts.contains(count) else {
            problem(".max_attempts", "must be a whole number from 1 to \(Self.attempts.upperBound)")
            return nil
        }
        return count
    }

    private mutating func flag(_ name: String, of value: JSONValue) -> Bool {
        guard let member = value[name] else { return false }
        if let flag = member.bool { return flag }
        problem(".\(name)", "must be true or false")
        return false
    }

    private mutating func text(_ name: String, of value: JSONValue) -> String? {
        guard let member = value[name] else { return nil }
        if member.string == nil { problem(".\(name)", "must be a string") }
        return member.string
    }

    // MARK: Words

    private mutating func problem(_ member: String, _ text: String) {
        problems.append(place + member + (text.hasPrefix(":") ? "" : " ") + text)
    }

    /// `500ms`, `30s`, `1.5m`, `1h`.
    private static func duration(_ text: String) -> Duration? {
        let units: [(unit: String, milliseconds: Double)] = [
            ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
        ]
        let digits = text.prefix { $0.isNumber || $0 == "." }
        guard let unit = units.first(where: { $0.unit == text.dropFirst(digits.count) }), let count = Double(digits),
            count <= 1e9
        else { return nil }
        return .milliseconds(Int64((count * unit.milliseconds).rounded()))
    }

    private static func hint(for member: String) -> String {
        switch member.lowercased() {
        case "headers": "header values are kept in files: header_files: {Authorization: /etc/convey/tool-token}"
        case "input_schema", "schema", "inputschema": "the schema of the arguments is called parameters"
        case "approval", "approve": "it is called requires_approval"
        case "timeout_ms", "timeoutms": "it is called timeout, with a unit: 30s"
        default: "the members are \(members.joined(separator: ", "))"
        }
    }
}

extension JSONSchema {
    /// Stands in for a schema with problems, in a declaration that is not used.
    fileprivate static var anything: JSONSchema { JSONSchema(rules: [[]]) }
}
