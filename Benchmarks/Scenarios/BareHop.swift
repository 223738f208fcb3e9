/// The yardstick: the same messages from the same publishers over the same broker to the same subscriber, without Convey.
///
/// The messages differ from the signals they stand for in the first level of their topic only, and limits are the same.
/// Measured right before what is compared with it, so that both see the machine in one state.
enum BareHop {
    static let root = "bare"

    /// - Parameter kind: of the signals whose place these messages take.
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
