import Foundation
import Yams

/// The settings in a YAML file, with the line of each.
struct ConfigFile: Sendable {
    /// Larger than any configuration; guards against a wrong path.
    static let sizeLimit = 1 << 20

    private(set) var values: [SettingKey: GivenValue] = [:]
    private(set) var problems: [SettingProblem] = []
    private let path: String

    init(path: String) {
        self.path = path
        guard let text = read() else { return }
        parse(text)
    }

    /// Reads text instead of a file, for tests.
    init(path: String, text: String) {
        self.path = path
        parse(text)
    }

    private mutating func read() -> String? {
        guard let data = FileManager.default.contents(atPath: path) else {
            problems.append(SettingProblem(name: "config", message: "\(path) cannot be read", origin: nil))
            return nil
        }
        guard data.count <= Self.sizeLimit, let text = String(data: data, encoding: .utf8) else {
            problems.append(
                SettingProblem(name: "config", message: "\(path) is not a YAML file of at most 1 MiB", origin: nil))
            return nil
        }
        return text
    }

    private mutating func parse(_ text: String) {
        do {
            guard let root = try Yams.compose(yaml: text) else { return }
            guard case .mapping(let mapping) = root else {
                report("config", "the file is not a mapping of settings", at: root)
                return
            }
            walk(mapping, prefix: "")
        } catch {
            // Yams quotes the line at which it fails, which may contain a password.
            let firstLine = "\(error)".split(separator: "\n").first.map(String.init) ?? "it is not YAML"
            problems.append(SettingProblem(name: "config", message: firstLine, origin: .file(path, line: 0)))
        }
    }

    private mutating func walk(_ mapping: Node.Mapping, prefix: String) {
        for (nameNode, value) in mapping {
            let name = prefix + (nameNode.string ?? "?")
            if let key = Self.keyByPath[name], key.isStructured, value.scalar == nil {
                take(value, for: key, named: nameNode)
                continue
            }
            if case .mapping(let inner) = value {
                walk(inner, prefix: name + ".")
                continue
            }
            guard let key = Self.keyByPath[name] else {
                if value.null != nil, Self.isSection(name) { continue }
                report(name, "is not a setting\(NearestName.hint(for: name, among: Self.keyByPath.keys))", at: nameNode)
                continue
            }
            if values[key] != nil { report(name, "is given twice", at: nameNode) }
            guard case .scalar(let scalar) = value else {
                report(name, "takes one value, not a list", at: value)
                continue
            }
            if value.null != nil { continue }
            values[key] = GivenValue(text: scalar.string, origin: origin(nameNode))
        }
    }

    private mutating func take(_ value: Node, for key: SettingKey, named name: Node) {
        if values[key] != nil { report(key.path, "is given twice", at: name) }
        do {
            let structured = try StructuredText(value)
            values[key] = GivenValue(
                text: String(decoding: structured.json, as: UTF8.self), origin: origin(name), lines: structured.lines)
        } catch {
            report(key.path, error.message, at: value)
        }
    }

    private static let keyByPath = Dictionary(uniqueKeysWithValues: Settings.all.map { ($0.path, $0) })

    /// Whether the name is a section of settings, so that an empty heading is valid.
    private static func isSection(_ name: String) -> Bool {
        keyByPath.keys.contains { $0.hasPrefix(name + ".") }
    }

    private mutating func report(_ name: String, _ message: String, at node: Node) {
        problems.append(SettingProblem(name: name, message: message, origin: origin(node)))
    }

    private func origin(_ node: Node) -> SettingOrigin {
        .file(path, line: node.mark?.line ?? 0)
    }
}
