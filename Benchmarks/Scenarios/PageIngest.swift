/// The load of `ingest` without live streams, with streams of other conversations, and with one stream for each loaded
/// conversation.
enum PageIngest {
    private enum Watched: String, CaseIterable {
        case nothing, others, all
    }

    private struct Run {
        var load: SignalLoad.Outcome
        /// Of the events on streams in the measured time, sorted.
        var delays: [Double]
        /// From the end of the load until the streams had brought everything.
        var catchUpMilliseconds: Double
        var residentBytes: Int

        var use: CPUUse { CPUUse(from: load.before, to: load.after) }

        /// Microseconds per signal.
        func microseconds(_ nanoseconds: Int64) -> Double { Double(nanoseconds) / 1_000 / Double(max(1, load.seen)) }
    }

    static func run(_ surroundings: Surroundings) throws -> ScenarioReport {
        var runs: [Watched: [Run]] = [:]
        for number in 1...surroundings.runs {
            surroundings.say("page, ingest: run \(number) of \(surroundings.runs)")
            for watched in Watched.allCases {
                // A service for each: closed streams stay with a service until it next writes to them.
                let run = try surroundings.withConvey { try measure(surroundings, watched, $0, $1) }
                runs[watched, default: []].append(run)
            }
        }
        return report(runs[.nothing] ?? [], runs[.others] ?? [], runs[.all] ?? [])
    }

    private static func measure(
        _ surroundings: Surroundings, _ watched: Watched, _ broker: Broker, _ convey: ConveyServer
    ) throws -> Run {
        let subjects = SignalTemplates.subjects("s", PageScenario.streams)
        let live = LiveStreams(convey)
        switch watched {
        case .nothing: break
        case .others: try live.open(SignalTemplates.subjects("o", PageScenario.streams))
        case .all: try live.open(subjects)
        }
        let load = try MarkerLoad.make(
            SignalTemplates(.init(tag: "page"), subjects: subjects), publishers: 1, streams: live, broker: broker,
            convey: convey)
        let outcome = try load.run(.init(warmUpSeconds: 0.5, seconds: surroundings.pick(3, quick: 1.5)))
        try load.verify()
        let residentBytes = convey.residentBytes
        let end = Clock.now
        try live.catchUp()
        let catchUp = Double(Clock.now - end) / 1e6
        // Each signal and its marker.
        let expected = watched == .all ? 2 * outcome.published : 0
        guard live.events == expected else {
            throw BenchError("\(live.events) events came on live streams, and not \(expected)")
        }
        return Run(
            load: outcome, delays: live.takeDelays(), catchUpMilliseconds: catchUp, residentBytes: residentBytes)
    }

    private static func report(_ nothing: [Run], _ others: [Run], _ all: [Run]) -> ScenarioReport {
        var report = ScenarioReport(
            PageScenario.name, variant: "ingest beside \(PageScenario.streams) streams")
        report.noise = Noise.worst((nothing + others + all).map(\.use.noise))
        report.add("signals_per_second_without", nothing.map(\.load.perSecond), .higher)
        report.add("signals_per_second_others_watched", others.map(\.load.perSecond), .higher)
        report.add("signals_per_second_all_watched", all.map(\.load.perSecond), .higher)
        report.add("ratio_others_watched", zip(others, nothing).map { $0.load.perSecond / $1.load.perSecond }, .higher)
        report.add("ratio_all_watched", zip(all, nothing).map { $0.load.perSecond / $1.load.perSecond }, .higher)
        for (title, runs) in [("without", nothing), ("others_watched", others), ("all_watched", all)] {
            report.add("convey_cpu_us_per_signal_\(title)", runs.map { $0.microseconds($0.use.convey) }, .lower)
        }
        for stage in CPUUse.Stage.allCases {
            report.add(
                "convey_\(stage.rawValue)_cpu_us_per_signal_all_watched",
                all.map { $0.microseconds($0.use.stages[stage] ?? 0) })
        }
        report.add("generator_cpu_us_per_signal_without", nothing.map { $0.microseconds($0.use.generator) })
        report.add("generator_cpu_us_per_signal_all_watched", all.map { $0.microseconds($0.use.generator) })
        report.add("stream_events_per_second", all.map { Double($0.delays.count) / $0.load.seconds }, .higher)
        report.add("stream_p50_delay_ms", all.map { PageScenario.milliseconds(0.5, $0.delays) }, .lower)
        report.add("stream_p99_delay_ms", all.map { PageScenario.milliseconds(0.99, $0.delays) }, .lower)
        report.add("catch_up_ms", all.map(\.catchUpMilliseconds), .lower)
        report.add("resident_mb_without", nothing.map { Double($0.residentBytes) / 1e6 })
        report.add("resident_mb_all_watched", all.map { Double($0.residentBytes) / 1e6 }, .lower)
        report.notes.append("a stream's delay runs from the event's time; streams gather up to 50 ms")
        report.notes.append("the streams' readers share the processors with what is measured")
        return report
    }
}
