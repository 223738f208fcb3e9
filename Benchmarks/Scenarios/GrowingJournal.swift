/// A Convey whose journal is filled, measured and crashed.
final class GrowingJournal {
    let broker: Broker
    private(set) var convey: ConveyServer
    private let program: ConveyServer.Program
    private let directory: String
    private let templates: SignalTemplates
    private let say: (String) -> Void
    /// Signals between two looks at how far it is.
    private static let step = 100_000

    /// Signals of the preload so far, all of them seen back.
    private var signals = 0
    /// Records written by processes that are gone.
    private var recordsBefore = 0
    private var bursts = 0
    private var hasCrashed = false

    /// - Parameter conversations: over which the preload's signals are spread.
    init(_ surroundings: Surroundings, broker: Broker, directory: String, conversations: Int) throws {
        self.broker = broker
        self.directory = directory
        program = surroundings.program
        say = surroundings.say
        templates = SignalTemplates(.init(tag: "growth"), subjects: SignalTemplates.subjects("g", conversations))
        convey = try ConveyServer(program, broker: broker, directory: directory)
    }

    func records() throws -> Int { recordsBefore + Int(try convey.metrics()["convey_signals_recorded_total"]) }

    /// Grows until there are so many records and so many signals of the preload.
    func grow(toRecords records: Int, signals: Int) throws {
        while true {
            // A signal is two records: itself and its marker.
            let missing = max((records - (try self.records()) + 1) / 2, signals - self.signals)
            guard missing > 0 else { return }
            if missing > Self.step { say("growth: \(self.signals) signals, \(missing) to come") }
            let count = min(missing, Self.step)
            let load = try MarkerLoad.make(
                templates, publishers: 1, first: self.signals, broker: broker, convey: convey)
            _ = try load.run(.init(count: count))
            try load.verify(allowingRepeats: hasCrashed)
            self.signals += count
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
