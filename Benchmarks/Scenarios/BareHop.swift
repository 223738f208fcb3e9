/// The reference: the same messages from the same publishers over the same broker to the same subscriber, without
/// Convey.
///
/// The messages differ from signals only in the first level of their topic, and the limits are the same. Measured right
/// before the compared load, so that both see the machine in the same state.
enum BareHop {
    static let root = "bare"

    /// - Parameter kind: of the signals that these messages replace.
    static func run(
        on broker: Broker, _ kind: SignalTemplates.Kind, subjects: [String], publishers: Int,
        plan: SignalLoad.Plan
    ) throws -> SignalLoad.Outcome {
        var kind = kind
        kind.root = root
        let subscriber = try broker.connect("bare-sub")
        try subscriber.subscribe(["\(root)/#"])
        let load = SignalLoad(
            publishers: try (0..<publishers).map { try broker.connect("bare-pub-\($0)") }, subscriber: subscriber,
            templates: SignalTemplates(kind, subjects: subjects), member: "id",
            takeReading: { try CPUReading(conveyID: nil, brokerID: broker.processID) })
        let outcome = try load.run(plan)
        try load.verify()
        return outcome
    }
}
