import Foundation
import ProcessKit
import Testing

@testable import bench

@Suite("Measuring")
struct MeasuringTests {
    @Test("Percentiles lie between neighbours")
    func percentiles() {
        let values = (1...101).map(Double.init)
        #expect(Statistics.percentile(0.5, ofSorted: values) == 51)
        #expect(Statistics.percentile(0.99, ofSorted: values) == 100)
        #expect(Statistics.percentile(1, ofSorted: values) == 101)
        #expect(Statistics.percentile(0.5, ofSorted: [1, 2]) == 1.5)
        #expect(Statistics.percentile(0.999, ofSorted: [7]) == 7)
        #expect(Statistics.percentile(0.5, ofSorted: []) == 0)
    }

    @Test("The median of an even number of runs is the mean of the middle two, whatever their order")
    func spread() {
        let spread = Spread([4, 1, 3, 2])
        #expect((spread.least, spread.median, spread.most) == (1, 2.5, 4))
    }

    @Test("The slope is that of the fitted line")
    func slope() {
        #expect(Statistics.slope([(0, 1), (1, 3), (2, 5)]) == 2)
        #expect(Statistics.slope([(0, 5), (1, 5)]) == 0)
        #expect(Statistics.slope([(1, 1)]) == 0)
    }

    @Test("A thread's time is the first number of schedstat")
    func schedstat() {
        #expect(ProcessFiles.runTime(schedstat: "123456789 42 7\n") == 123_456_789)
        #expect(ProcessFiles.runTime(schedstat: "") == nil)
    }

    @Test("The machine's time is split into busy, waiting and stolen")
    func machine() {
        let tick: Int64 = 10_000_000
        let time = ProcessFiles.machineTime(stat: "cpu  10 20 30 400 50 6 7 8 9 9\ncpu0 1 1 1 1 1 1 1 1 1 1\nintr 5\n")
        #expect(time == MachineTime(busy: 73 * tick, stolen: 8 * tick, all: 531 * tick))
        #expect(ProcessFiles.machineTime(stat: "intr 5") == nil)
    }

    @Test("This process is measured: its threads, memory and files")
    func ownProcess() {
        let before = ProcessFiles.threads(of: getpid()).values.reduce(0) { $0 + $1.time }
        var sum = 0.0
        while Double(ProcessFiles.threads(of: getpid()).values.reduce(0) { $0 + $1.time } - before) < 20e6 { sum += 1 }
        #expect((ProcessFiles.residentBytes(of: getpid()) ?? 0) > 1_000_000)
        #expect(ProcessFiles.openFiles(of: getpid()) >= 3)
    }

    @Test("Resident memory is in bytes")
    func resident() {
        #expect(ProcessFiles.residentBytes(status: "Name:\tx\nVmHWM:\t   9 kB\nVmRSS:\t    1234 kB\n") == 1_234 * 1_024)
    }

    @Test("Convey's threads are its stages")
    func stages() {
        #expect(CPUUse.stage(ofThread: "convey-engine") == .engine)
        #expect(CPUUse.stage(ofThread: "convey-ingress") == .ingress)
        #expect(CPUUse.stage(ofThread: "convey-outbox") == .outbox)
        #expect(CPUUse.stage(ofThread: "convey-query") == .query)
        #expect(CPUUse.stage(ofThread: "convey") == .other)
    }

    @Test("A timestamp is read with all its digits")
    func timestamps() {
        #expect(Timestamp.nanoseconds("1970-01-02T00:00:01.5Z") == 86_401_500_000_000)
        #expect(Timestamp.nanoseconds("2026-11-22T19:32:24.222288Z") == 1_795_375_944_222_288_000)
        #expect(Timestamp.nanoseconds("2026-11-22T19:32:24Z") == nil)
        #expect(Timestamp.nanoseconds("2026-11-22T19:32:24.1+01:00") == nil)
    }

    @Test("Samples with labels are summed up")
    func metrics() {
        let metrics = Metrics(text: "# HELP a b\na 3\nb{code=\"x\"} 1\nb{code=\"y\"} 2\n")
        #expect((metrics["a"], metrics["b"], metrics["c"]) == (3, 3, 0))
    }

    @Test("The broker has the settings of broker/development.conf")
    func brokerConfiguration() throws {
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = try String(
            contentsOf: repository.appendingPathComponent("broker/development.conf"), encoding: .utf8)
        let ownLines: Set = ["user me", "persistence_location /d/"]
        let own = Self.directives(LocalBrokerConfiguration.text(port: 1883, directory: "/d", user: "me"))
        #expect(own.subtracting(ownLines) == Self.directives(file))
        #expect(own.isSuperset(of: ownLines))
    }

    private static func directives(_ text: String) -> Set<String> {
        Set(text.split(whereSeparator: \.isNewline).map(String.init).filter { !$0.hasPrefix("#") })
    }

    @Test("A time is read from an event without making a string")
    func timesInEvents() {
        var reader = TimestampReader()
        for text in ["2026-11-22T19:32:24.222288Z", "2026-11-22T19:32:24.5Z", "2026-11-22T19:32:25.000001Z"] {
            let event = Array("{\"time\":\"\(text)\"}".utf8)
            let time = event.withUnsafeBytes { reader.nanoseconds(in: $0, at: 9) }
            #expect(time != nil && time == Timestamp.nanoseconds(text))
        }
        let none = Array("2026-11-22 and no time".utf8).withUnsafeBytes { reader.nanoseconds(in: $0, at: 0) }
        #expect(none == nil)
    }

    @Test("A connection closed by its process is not open, even while the kernel keeps it")
    func connections() {
        let line = "0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000 0 0"
        let table = "  sl  local_address rem_address   st\n"
        #expect(ProcessFiles.isOpen(from: 50_000, to: 8_080, table: table + "   0: \(line) 4711 1 0 20 4 0 10 -1\n"))
        #expect(!ProcessFiles.isOpen(from: 50_000, to: 8_080, table: table + "   0: \(line) 0 1 0 20 4 0 10 -1\n"))
        #expect(!ProcessFiles.isOpen(from: 50_001, to: 8_080, table: table + "   0: \(line) 4711 1 0 20 4 0 10 -1\n"))
        #expect(!ProcessFiles.isOpen(from: 50_000, to: 8_080, table: table))
    }
}
