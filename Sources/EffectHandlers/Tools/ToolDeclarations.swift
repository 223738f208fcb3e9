import Signals

/// The tools of a configuration, in its order.
public struct ToolDeclarations: Sendable {
    /// More would not help a model, and each is sent with every request.
    public static let limit = 128

    public let tools: [ToolDeclaration]

    public static let none = ToolDeclarations(tools: [])

    init(tools: [ToolDeclaration]) {
        self.tools = tools
    }

    public subscript(_ name: String) -> ToolDeclaration? { tools.first { $0.name == name } }

    public var isEmpty: Bool { tools.isEmpty }

    /// Reads the setting `tools`: a JSON object `{"name": {…}}`, or a list of objects with a member `name`. A blank
    /// text means no tools.
    ///
    /// - Throws: `ToolDeclarationError` naming every problem.
    public static func parse(_ text: String) throws(ToolDeclarationError) -> ToolDeclarations {
        guard text.contains(where: { !$0.isWhitespace }) else { return .none }
        let value: JSONValue
        do {
            value = try JSONValue(Array(text.utf8))
        } catch {
            throw ToolDeclarationError(problems: ["tools: \(error)"])
        }
        var reader = ToolDeclarationReader()
        let tools = reader.read(value)
        guard reader.problems.isEmpty else { throw ToolDeclarationError(problems: reader.problems) }
        return ToolDeclarations(tools: tools)
    }
}
