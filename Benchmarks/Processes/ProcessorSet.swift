import Glibc
import ProcessKit

/// Processors of this machine, by number.
struct ProcessorSet: Equatable {
    var numbers: [Int]

    /// The processors that this process may use.
    static func allowed() throws -> ProcessorSet {
        guard let set = ProcessFiles.text("/proc/self/status").flatMap(ProcessorSet.init(status:)) else {
            throw BenchError("cannot read the allowed processors in /proc/self/status")
        }
        return set
    }

    init(numbers: [Int]) {
        self.numbers = numbers
    }

    /// The line `Cpus_allowed_list:	0-3,8`.
    init?(status: String) {
        guard
            let line = status.split(whereSeparator: \.isNewline).first(where: { $0.hasPrefix("Cpus_allowed_list:") }),
            let list = line.split(whereSeparator: \.isWhitespace).last
        else { return nil }
        numbers = []
        for range in list.split(separator: ",") {
            let bounds = range.split(separator: "-").compactMap { Int($0) }
            guard let first = bounds.first, let last = bounds.last, first <= last else { return nil }
            numbers += first...last
        }
    }

    /// The first `count` of them.
    func first(_ count: Int) -> ProcessorSet { ProcessorSet(numbers: Array(numbers.prefix(count))) }

    func without(_ others: ProcessorSet) -> ProcessorSet {
        ProcessorSet(numbers: numbers.filter { !others.numbers.contains($0) })
    }

    /// A command that runs another one on these processors, in the same process.
    func wrap(_ command: [String]) throws -> [String] { [try Self.taskset(), "-c", list] + command }

    /// Binds the main thread, and the threads that it starts from now on, to these processors.
    func confineMainThread() throws {
        let command = try ChildProcess(
            Self.taskset(), ["-c", "-p", list, String(getpid())], environment: [:], logFile: "/dev/null")
        try command.waitForEnd(timeoutSeconds: 10)
    }

    private var list: String { numbers.map(String.init).joined(separator: ",") }

    private static func taskset() throws -> String {
        guard let program = ChildProgram.find("taskset") else {
            throw BenchError("taskset is not installed: apt-get install util-linux")
        }
        return program
    }
}
