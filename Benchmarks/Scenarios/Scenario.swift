import ArgumentParser

/// What can be measured.
enum Scenario: String, CaseIterable {
    case ingest, chat, latency, engine, abort, stream, effects, query, page, verify, growth, cores, soak

    var summary: String {
        switch self {
        case .ingest: IngestScenario.summary
        case .chat: ChatScenario.summary
        case .latency: LatencyScenario.summary
        case .engine: EngineScenario.summary
        case .cores: CoresScenario.summary
        case .abort: AbortScenario.summary
        case .stream: StreamScenario.summary
        case .effects: OpenEffectsScenario.summary
        case .query: QueryScenario.summary
        case .page: PageScenario.summary
        case .growth: GrowthScenario.summary
        case .soak: SoakScenario.summary
        case .verify: VerifyScenario.summary
        }
    }

    var isInQuickRun: Bool {
        switch self {
        case .ingest, .chat, .latency, .engine, .abort, .stream, .effects, .query, .page, .verify, .growth: true
        case .cores, .soak: false
        }
    }

    func run(_ surroundings: Surroundings) throws -> [ScenarioReport] {
        switch self {
        case .ingest: try IngestScenario.run(surroundings)
        case .chat: try ChatScenario.run(surroundings)
        case .latency: try LatencyScenario.run(surroundings)
        case .engine: try EngineScenario.run(surroundings)
        case .cores: try CoresScenario.run(surroundings)
        case .abort: try AbortScenario.run(surroundings)
        case .stream: try StreamScenario.run(surroundings)
        case .effects: try OpenEffectsScenario.run(surroundings)
        case .query: try QueryScenario.run(surroundings)
        case .page: try PageScenario.run(surroundings)
        case .growth: try GrowthScenario.run(surroundings)
        case .soak: try SoakScenario.run(surroundings)
        case .verify: try VerifyScenario.run(surroundings)
        }
    }

    /// Names with commas between them.
    static func parse(_ names: String) throws -> [Scenario] {
        try names.split(separator: ",").map { name in
            guard let scenario = Scenario(rawValue: name.trimmingCharacters(in: .whitespaces)) else {
                let known = allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("there is no scenario \(name); there are: \(known)")
            }
            return scenario
        }
    }
}
