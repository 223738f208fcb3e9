/// The time to stop an answer: with nothing else in progress, and with thousands of signals per partition waiting to be
/// applied.
enum AbortScenario {
    static let name = "abort"
    static let summary = "abort published until its answer's end is seen, idle and behind full queues"

    private static let streams = 64
    /// The number of conversations that share a partition's queue.
    private static let queuesPerPartition = 4
    private static let flags = [
        "--scheduler-parked-limit", "1000000", "--queue-limit", "10000000", "--scheduler-cause-timeout", "1h",
        "--llm-echo-delay", "200ms",
    ]

    static func run(_ surroundings: Surroundings) throws -> [ScenarioReport] {
        try surroundings.withBroker { broker, workplace in
            let convey = try ConveyServer(
                surroundings.program, broker: broker, directory: try workplace.directory("convey"), flags: flags)
            let load = try AbortLoad(broker: broker, convey: convey)
            let partitions = try load.findPartitions()
            guard partitions.allSatisfy({ $0.count > queuesPerPartition }) else {
                throw BenchError("a partition has no subjects: \(partitions.map(\.count))")
            }
            let streamed = partitions.prefix(streams).map { $0[queuesPerPartition] }

            surroundings.say("abort: idle")
            let before = try CPUReading(conveyID: convey.processID, brokerID: broker.processID)
            try load.startStreams(streamed, tag: "idle")
            let idle = try load.abort(streamed, everyMilliseconds: 10, tag: "idle-abort")
            let after = try CPUReading(conveyID: convey.processID, brokerID: broker.processID)
            var idleReport = report("idle", idle, noise: CPUUse(from: before, to: after).noise)
            idleReport.notes = ["64 streams, aborted one after the other"]

            let loaded = try behindQueues(surroundings, load, partitions, streamed, broker, convey)
            return [idleReport, loaded]
        }
    }

    private static func behindQueues(
        _ surroundings: Surroundings, _ load: AbortLoad, _ partitions: [[Int]], _ streamed: [Int], _ broker: Broker,
        _ convey: ConveyServer
    ) throws -> ScenarioReport {
        let perPartition = surroundings.pick(10_000, quick: 1_000)
        let queues = partitions.flatMap { $0.prefix(queuesPerPartition) }
        let queued = perPartition * partitions.count
        surroundings.say("abort: parking \(queued) signals")
        try load.park(perPartition / queuesPerPartition, on: queues) { surroundings.say("abort: \($0) of \(queued)") }
        try load.startStreams(streamed, tag: "loaded")

        surroundings.say("abort: \(streamed.count) aborts while the queues drain")
        let before = try CPUReading(conveyID: convey.processID, brokerID: broker.processID)
        try load.release(queues)
        let first = try convey.metrics()
        let start = Clock.now
        let all = try load.abort(streamed, everyMilliseconds: surroundings.pick(120, quick: 40), tag: "loaded-abort")
        let samples = all.filter { $0.queued > 0 }
        let last = try convey.metrics()
        let seconds = Double(Clock.now - start) / 1e9
        let after = try CPUReading(conveyID: convey.processID, brokerID: broker.processID)

        let variant = "\(Table.readable(Double(perPartition))) queued in each of \(partitions.count) partitions"
        var report = report(variant, samples, noise: CPUUse(from: before, to: after).noise, must: 100, aim: 20)
        report.add("queued_at_first_abort", [Double(all.first?.queued ?? 0)])
        report.add("queued_at_last_abort", [Double(all.last?.queued ?? 0)])
        report.add("outbox_lag_at_end", [last["convey_outbox_lag"]])
        report.add(
            "applied_per_second",
            [(last["convey_signals_applied_total"] - first["convey_signals_applied_total"]) / seconds])
        report.add("commit_mean_ms", [Metrics.commitMilliseconds(from: first, to: last)])
        report.add("ingress_pauses", [last["convey_ingress_pauses_total"] - first["convey_ingress_pauses_total"]])
        if samples.count < all.count {
            report.notes.append("\(all.count - samples.count) aborts found the queues empty and do not count")
        }
        try finish(surroundings, load, convey, signals: queued + queues.count)
        return report
    }

    /// A quick run waits for its queues. Those of a full run take minutes, and are left.
    private static func finish(
        _ surroundings: Surroundings, _ load: AbortLoad, _ convey: ConveyServer, signals: Int
    ) throws {
        if surroundings.isQuick {
            try load.drain(signals)
            try convey.stop()
        } else {
            convey.kill()
            try convey.checkLog()
        }
    }

    private static func report(
        _ variant: String, _ samples: [AbortLoad.Sample], noise: Noise, must: Double? = nil, aim: Double? = nil
    ) -> ScenarioReport {
        var report = ScenarioReport(name, variant: variant)
        report.noise = noise
        let seen = samples.map(\.seenMilliseconds).sorted()
        let recorded = samples.map(\.recordedMilliseconds).sorted()
        report.add("p50_ms", [Statistics.percentile(0.5, ofSorted: seen)], .lower)
        report.add("p99_ms", [Statistics.percentile(0.99, ofSorted: seen)], .lower, must: must, aim: aim)
        report.add("max_ms", [seen.last ?? 0])
        report.add("recorded_p50_ms", [Statistics.percentile(0.5, ofSorted: recorded)])
        report.add("recorded_p99_ms", [Statistics.percentile(0.99, ofSorted: recorded)])
        report.add("samples", [Double(samples.count)])
        return report
    }
}
