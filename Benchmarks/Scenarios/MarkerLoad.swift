/// A load of signals for Convey, each seen back as its marker.
enum MarkerLoad {
    /// What a marker's envelope calls the signal that it is about (docs/PROTOCOL.md, "What Convey publishes").
    static let member = "causationid"

    static func make(
        _ kind: SignalTemplates.Kind, subjects: [String], publishers: Int, limits: SignalLoad.Limits = .init(),
        broker: Broker, convey: ConveyServer
    ) throws -> SignalLoad {
        let subscriber = try broker.connect("markers")
        try subscriber.subscribe(["conv/applied/#"])
        return SignalLoad(
            publishers: try (0..<publishers).map { try broker.connect("pub-\($0)") }, subscriber: subscriber,
            templates: SignalTemplates(kind, subjects: subjects), member: member, limits: limits,
            takeReading: { try CPUReading(conveyID: convey.processID, brokerID: broker.processID) })
    }
}
