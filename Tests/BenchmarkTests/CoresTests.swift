import Testing

@testable import bench

@Suite struct CoresTests {
    @Test func `Broker and Convey get the first processors, the generator gets the rest`() throws {
        let allowed = ProcessorSet(numbers: [2, 3, 5, 7])
        let used = try Cores.count(3).processors(of: allowed)
        #expect(used.numbers == [2, 3, 5])
        #expect(allowed.without(used).numbers == [7])
        #expect(try Cores.all.processors(of: allowed) == allowed)
        #expect(throws: BenchError.self) { try Cores.count(5).processors(of: allowed) }
    }

    @Test func `The allowed processors are read from /proc`() throws {
        #expect(ProcessorSet(status: "Name:\tx\nCpus_allowed_list:\t0-2,5,8-9\n")?.numbers == [0, 1, 2, 5, 8, 9])
        #expect(ProcessorSet(status: "Name:\tx\n") == nil)
        #expect(try !ProcessorSet.allowed().numbers.isEmpty)
    }

    @Test func `A number of processors is a number above zero, or all`() {
        #expect(Cores(argument: "4") == .count(4))
        #expect(Cores(argument: "all") == .all)
        for wrong in ["0", "-1", "some", ""] { #expect(Cores(argument: wrong) == nil) }
    }

    @Test func `A command runs on its processors only`() throws {
        let command = try ProcessorSet(numbers: [0, 2]).wrap(["/bin/true", "x"])
        #expect(command.dropFirst() == ["-c", "0,2", "/bin/true", "x"])
    }

    @Test func `A thread's busy share is its own; the broker's is that of its busiest thread`() throws {
        var first = try CPUReading(conveyID: nil, brokerID: 1)
        first.at = 0
        first.brokerThreads = [1: ("mosquitto", 0), 2: ("mosquitto", 0)]
        first.convey = [3: ("convey-engine-0", 100), 4: ("convey-engine-1", 0), 5: ("NIO", 0)]
        var last = first
        last.at = 1_000
        last.brokerThreads = [1: ("mosquitto", 890), 2: ("mosquitto", 5)]
        last.convey = [3: ("convey-engine-0", 600), 4: ("convey-engine-1", 250), 5: ("NIO", 900)]
        let busy = BusyShares(from: first, to: last)
        #expect(busy.threads == ["mosquitto": 0.89, "convey-engine-0": 0.5, "convey-engine-1": 0.25])
        #expect(CPUUse(from: first, to: last).stages[.engine] == 750)
    }

    @Test func `Signals around each checkpoint are separated from the others`() {
        let windows = CheckpointWindows(recordedBefore: 1_000, first: 0)
        let due = CheckpointWindows.interval - 1_000
        #expect(!windows.contains(0))
        #expect(windows.contains(due) && windows.contains(due - 100) && windows.contains(due + 1_000))
        #expect(!windows.contains(due - 1_000) && !windows.contains(due + 3_000))
        #expect(windows.contains(due + CheckpointWindows.interval))
    }
}
