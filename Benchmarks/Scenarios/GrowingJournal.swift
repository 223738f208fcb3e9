/// A Convey whose journal is filled, measured and crashed.
final class GrowingJournal {
    let broker: Broker
    private(set) var convey: ConveyServer
    private let program: ConveyServer.Program
    private let directory: String
    private let templates: SignalTemplates
    private let say: (String) -> Void

    /// Signals of the preload so far, all of them seen back.
    private var signals = 0
    /// Records written by earlier processes.
    private var recordsBefore = 0
    private var bursts = 0
    private var hasCrashed = false

    /// - Parameter conversations: the number of conversations for the preload's signals.
    init(_ surroundings: Surroundings, broker: Broker, directory: String, conversations: Int) throws {
        self.broker = broker
        self.directory = directory
        program = surroundings.program
        say = surroundings.say
        templates = SignalTemplates(.init(tag: "growth"), subjects: SignalTemplates.subjects("g", conversations))
        convey = try ConveyServer(program, broker: broker, directory: directory)
    }

    func records() throws -> Int { recordsBefore + Int(try convey.metrics()["convey_signals_recorded_total"]) }

    /// Grows to a number of records and of preload signals, all of them applied and published.
    func grow(toRecords records: Int, signals: Int) throws {
        // A signal is two records: itself and its marker.
        let missing = max((records - (try self.records()) + 1) / 2, signals - self.signals)
        guard missing > 0 else { return }
        let before = try convey.metrics()
        let publisher = try broker.connect("growth")
        let feed = Feed(publisher: publisher, convey: convey) { self.say("growth: \($0) of \(missing) signals") }
        let first = self.signals
        try feed.run(missing) { number in
            templates.publish(first + number, subject: (first + number) % templates.subjects.count, on: publisher)
        }
        self.signals += missing
        // After a crash some are published again, so there may be more.
        try convey.wait(
            for: "convey_events_published_total", toReach: Int(before["convey_events_published_total"]) + missing)
        let after = try convey.metrics()
        for (counter, count) in [
            ("convey_signals_applied_total", missing), ("convey_signals_recorded_total", missing * 2),
        ]
        where Int(after[counter] - before[counter]) != count {
            throw BenchError("\(counter) rose by \(Int(after[counter] - before[counter])) for \(missing) signals")
        }
    }

    /// The load of the scenario `ingest`.
    func burst(_ plan: SignalLoad.Plan) throws -> SignalLoad.Outcome {
        bursts += 1
        let templates = SignalTemplates(.init(tag: "burst-\(bursts)"), subjects: IngestScenario.subjects)
        let load = try MarkerLoad.make(templates, publishers: 1, broker: broker, convey: convey)
        let outcome = try load.run(plan)
        try load.verify(allowingRepeats: hasCrashed)
        return outcome
    }

    /// Kills it and starts another one on its journal.
    /// - Returns: seconds until that was ready.
    func restart() throws -> Double {
        recordsBefore = try records()
        convey.kill()
        try convey.checkLog()
        hasCrashed = true
        convey = try ConveyServer(program, broker: broker, directory: directory)
        return convey.secondsUntilReady
    }

    /// - Returns: records in the journal.
    func stop() throws -> Int {
        let records = try records()
        try convey.stop(hasCrashed: hasCrashed)
        return records
    }
}
