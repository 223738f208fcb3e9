import Signals

/// A difference between a row and this implementation.
public struct Difference: Sendable {
    public let row: String
    public let what: String
    public let expected: String
    public let got: String
}

/// The outcome for one file.
public struct FileReport: Sendable {
    public enum Outcome: Sendable, Equatable {
        case checked
        case failed(String)
    }

    public let name: String
    public var outcome = Outcome.checked
    public var rows = 0
    /// Fields left out because their expected value is in the notation of another language.
    public var notComparable = 0
    public var differences: [Difference] = []

    public var isGood: Bool {
        switch outcome {
        case .checked: differences.isEmpty && rows > 0
        case .failed: false
        }
    }
}

public struct Report: Sendable {
    public var files: [FileReport] = []
    public var rows: Int { files.reduce(0) { $0 + $1.rows } }
    /// At least one row was checked, every file passed, and nothing differs.
    public var isGood: Bool { rows > 0 && files.allSatisfy(\.isGood) }
}

/// Runs reference vectors (`Tests/ConformanceTests/Vectors/README.md`) against the pure core.
public enum Conformance {
    public static func run(folder: String) -> Report {
        var report = Report()
        do {
            for name in try VectorFolder.files(in: folder) {
                report.files.append(check(name: name, bytes: try VectorFolder.read("\(folder)/\(name)")))
            }
        } catch {
            var file = FileReport(name: folder)
            file.outcome = .failed("\(error)")
            report.files.append(file)
        }
        return report
    }

    /// Checks the rows of one file, one JSON object per line.
    public static func check(name: String, bytes: [UInt8]) -> FileReport {
        var file = FileReport(name: name)
        let checkRow: (JSONValue, inout RowCheck) -> Void
        switch name {
        case "contract.jsonl": checkRow = ContractVectors.check
        case "conversation_ref.jsonl": checkRow = ConversationRefVectors.check
        case "llm_context.jsonl": checkRow = ProjectionVectors.checkContext
        case "reducer.jsonl": checkRow = ReducerVectors.check
        case "scheduler.jsonl": checkRow = SchedulerVectors.check
        case "timeline.jsonl": checkRow = ProjectionVectors.checkTimeline
        case "token_coalescer.jsonl": checkRow = ProjectionVectors.checkCoalescer
        default:
            file.outcome = .failed("no such vectors are known")
            return file
        }
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
            var check = RowCheck(row: "\(name):\(index + 1)")
            do {
                let row = try JSONValue(Array(line))
                check.row = row["case"]?.string ?? check.row
                checkRow(row, &check)
            } catch {
                check.differ("row", expected: "JSON", got: "\(error)")
            }
            file.rows += 1
            file.notComparable += check.notComparable
            file.differences += check.differences
        }
        if file.rows == 0 { file.outcome = .failed("has no rows") }
        return file
    }
}

/// Collects the differences in one row.
struct RowCheck {
    var row: String
    var differences: [Difference] = []
    var notComparable = 0

    init(row: String) { self.row = row }

    mutating func differ(_ what: String, expected: String, got: String) {
        differences.append(Difference(row: row, what: what, expected: expected, got: got))
    }

    mutating func compare(_ what: String, _ expected: JSONValue?, _ got: JSONValue?) {
        let expected = expected ?? .null
        let got = got ?? .null
        if expected != got { differ(what, expected: expected.description, got: got.description) }
    }

    mutating func compare(_ what: String, _ expected: JSONValue?, _ got: String?) {
        compare(what, expected, got.map(JSONValue.string) ?? .null)
    }
}

extension JSONValue {
    static func number(_ value: some BinaryInteger) -> JSONValue { .integer(String(value)) }

    /// The value of the bytes; a string that occurs in no row if they are not JSON.
    static func parsed(_ bytes: [UInt8]) -> JSONValue { (try? JSONValue(bytes)) ?? .string("<not JSON>") }

    /// The same object without one member.
    func without(_ name: String) -> JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { $0.key != name })
    }

    /// The same object with one member set.
    func setting(_ name: String, _ value: JSONValue) -> JSONValue {
        guard case .object(let members) = without(name) else { return self }
        return .object(members + [(name, value)])
    }
}
