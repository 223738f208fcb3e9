/// The results of a scenario: numbers, each from several runs.
struct ScenarioReport {
    /// `ingest`.
    var scenario: String
    /// The variant of the scenario: `8 publishers`; empty if there is only one.
    var variant = ""
    var numbers: [Number] = []
    /// The noise of the noisiest run.
    var noise = Noise()
    /// Notes for readers of the numbers.
    var notes: [String] = []

    /// With more noise than this, a result says more about the machine's other work than about Convey.
    static let noiseLimit = 0.1

    var isNoisy: Bool { noise.total > Self.noiseLimit }

    /// One measured quantity.
    struct Number {
        /// The JSON key, with the unit: `signals_per_second`.
        var name: String
        /// One per run.
        var values: [Double]
        var better: Direction = .neither
        var target: Target?

        var spread: Spread { Spread(values) }

        var verdict: Verdict? { target.map { $0.verdict(on: spread.median, better) } }
    }

    enum Direction {
        case higher, lower, neither
    }

    struct Target {
        var must: Double
        var aim: Double

        func verdict(on value: Double, _ better: Direction) -> Verdict {
            switch better {
            case .higher: value >= aim ? .metAim : value >= must ? .metMust : .missed
            case .lower: value <= aim ? .metAim : value <= must ? .metMust : .missed
            case .neither: preconditionFailure("a target without a direction")
            }
        }
    }

    enum Verdict: String {
        case metAim = "met aim"
        case metMust = "met must"
        case missed = "MISSED"
    }

    init(_ scenario: String, variant: String = "") {
        self.scenario = scenario
        self.variant = variant
    }

    var title: String { variant.isEmpty ? scenario : "\(scenario), \(variant)" }

    mutating func add(
        _ name: String, _ values: [Double], _ better: Direction = .neither, must: Double? = nil, aim: Double? = nil
    ) {
        guard !values.isEmpty else { return }
        let target: Target? = if let must, let aim { Target(must: must, aim: aim) } else { nil }
        numbers.append(Number(name: name, values: values, better: better, target: target))
    }
}
