import Foundation
import Glibc
import ProcessKit

/// The machine of the measurements.
enum Machine {
    /// One line: processors, memory, kernel, broker.
    static var description: String {
        let processors = ProcessInfo.processInfo.activeProcessorCount
        let memory = Double(ProcessInfo.processInfo.physicalMemory) / 1e9
        return
            "\(processors) x \(processorName), \(Table.readable(memory.rounded())) GB, Linux \(kernel), \(brokerVersion)"
    }

    private static var processorName: String {
        let lines = (ProcessFiles.text("/proc/cpuinfo") ?? "").split(whereSeparator: \.isNewline)
        let name = lines.first { $0.hasPrefix("model name") }?.split(separator: ":").last
        return name.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown processor"
    }

    private static var kernel: String {
        (ProcessFiles.text("/proc/sys/kernel/osrelease") ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// `mosquitto -h` starts with `mosquitto version 2.0.11`.
    private static var brokerVersion: String {
        guard let program = ChildProgram.find("mosquitto"), let pipe = popen("'\(program)' -h 2>/dev/null", "r") else {
            return "no mosquitto"
        }
        defer { pclose(pipe) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), pipe) != nil else { return "mosquitto" }
        return String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
