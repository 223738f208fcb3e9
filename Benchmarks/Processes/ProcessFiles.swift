import Foundation
import Glibc

/// Processor time of the whole machine, in nanoseconds over all processors.
struct MachineTime: Equatable {
    /// Spent on everything but waiting.
    var busy: Int64 = 0
    /// Taken by the hypervisor for somebody else.
    var stolen: Int64 = 0
    var all: Int64 = 0
}

/// Information from /proc (proc(5)).
enum ProcessFiles {
    /// Each thread's name and processor time, by thread id. Empty for a process that has ended.
    static func threads(of processID: Int32) -> [Int: (name: String, time: Int64)] {
        var threads: [Int: (name: String, time: Int64)] = [:]
        let directory = "/proc/\(processID)/task"
        for entry in names(in: directory) {
            guard let id = Int(entry), let statistics = text("\(directory)/\(entry)/schedstat"),
                let time = runTime(schedstat: statistics), let name = text("\(directory)/\(entry)/comm")
            else { continue }
            threads[id] = (String(name.prefix { !$0.isNewline }), time)
        }
        return threads
    }

    /// The first number of `schedstat`: nanoseconds on a processor.
    static func runTime(schedstat: String) -> Int64? {
        schedstat.split(separator: " ").first.flatMap { Int64($0) }
    }

    static func machineTime() throws -> MachineTime {
        guard let time = text("/proc/stat").flatMap(machineTime(stat:)) else {
            throw BenchError("cannot read /proc/stat")
        }
        return time
    }

    /// The line `cpu user nice system idle iowait irq softirq steal …`, in clock ticks.
    static func machineTime(stat: String) -> MachineTime? {
        guard let line = stat.split(whereSeparator: \.isNewline).first(where: { $0.hasPrefix("cpu ") }) else {
            return nil
        }
        let ticks = line.split(separator: " ").dropFirst().compactMap { Int64($0) }
        guard ticks.count >= 8 else { return nil }
        let nanoseconds = 1_000_000_000 / Int64(max(1, sysconf(Int32(_SC_CLK_TCK))))
        let busy = ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]
        let waiting = ticks[3] + ticks[4]
        return MachineTime(
            busy: busy * nanoseconds, stolen: ticks[7] * nanoseconds, all: (busy + waiting + ticks[7]) * nanoseconds)
    }

    /// Resident memory in bytes.
    static func residentBytes(of processID: Int32) -> Int? {
        text("/proc/\(processID)/status").flatMap(residentBytes(status:))
    }

    /// The line `VmRSS:     1234 kB`.
    static func residentBytes(status: String) -> Int? {
        guard let line = status.split(whereSeparator: \.isNewline).first(where: { $0.hasPrefix("VmRSS:") }) else {
            return nil
        }
        return line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 * 1_024 }
    }

    static func openFiles(of processID: Int32) -> Int { names(in: "/proc/\(processID)/fd").count }

    /// Whether a process still has open the connection from one port of this machine to another. The kernel keeps a
    /// closed one for as long as the other side reads nothing, so that side cannot tell.
    static func isOpen(from clientPort: UInt16, to serverPort: UInt16) throws -> Bool {
        isOpen(from: clientPort, to: serverPort, table: try longText("/proc/net/tcp"))
    }

    /// The kernel returns the file page by page: a short read is not its end.
    private static func longText(_ path: String) throws -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw BenchError.system("cannot open \(path)") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw BenchError.system("cannot read \(path)") }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer.prefix(count)
        }
    }

    /// Lines `0: 0100007F:1F90 0100007F:C350 01 …`: number, own address, other address, state, queues, timer, retransmits,
    /// user, time-out, inode, which is 0 without an owner.
    static func isOpen(from clientPort: UInt16, to serverPort: UInt16, table: String) -> Bool {
        table.split(whereSeparator: \.isNewline).contains { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9 else { return false }
            return port(fields[1]) == serverPort && port(fields[2]) == clientPort && fields[9] != "0"
        }
    }

    private static func port(_ address: Substring) -> UInt16? {
        address.split(separator: ":").last.flatMap { UInt16($0, radix: 16) }
    }

    private static func names(in directory: String) -> [String] {
        // A process or thread that has ended has no files.
        (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    }

    static func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}
