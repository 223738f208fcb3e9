import ConformanceKit
import Glibc

let usage = """
    usage: conformance [DIR]

    Runs the reference vectors in DIR (*.jsonl; default Tests/ConformanceTests/Vectors) against the pure core and
    prints every row that differs. Exit status: 0 nothing differs, 1 something does or nothing was checked, 2 usage.
    """

let arguments = CommandLine.arguments.dropFirst()
if arguments.contains("--help") || arguments.contains("-h") {
    print(usage)
    exit(0)
}
guard arguments.count <= 1, arguments.first?.hasPrefix("-") != true else {
    print(usage)
    exit(2)
}

let report = Conformance.run(folder: arguments.first ?? "Tests/ConformanceTests/Vectors")
for file in report.files {
    switch file.outcome {
    case .failed(let reason): print("\(file.name): FAILED: \(reason)")
    case .checked:
        let left = file.notComparable == 0 ? "" : ", \(file.notComparable) fields not comparable"
        print("\(file.name): \(file.rows) rows, \(file.differences.count) differences\(left)")
        for difference in file.differences {
            print("  \(difference.row) \(difference.what)")
            print("    expected \(difference.expected)")
            print("    got      \(difference.got)")
        }
    }
}
print(report.isGood ? "ok: \(report.rows) rows" : "FAILED: \(report.rows) rows checked")
exit(report.isGood ? 0 : 1)
