/// A load of signals for Convey, each seen back as its marker.
enum MarkerLoad {
    /// The name of the signal's id in a marker's envelope (docs/PROTOCOL.md, "What Convey publishes").
    private static let member = "causationid"

    /// - Parameters:
    ///   - first: the number of the first signal, where earlier loads have published those before.
    ///   - streams: also read.
    static func make(
        _ templates: SignalTemplates, publishers: Int, first: Int = 0, streams: LiveStreams? = nil, broker: Broker,
        convey: ConveyServer
    ) throws -> SignalLoad {
        let subscriber = try broker.connect("markers")
        try subscriber.subscribe(["conv/applied/#"])
        let (conveyID, brokerID) = (convey.processID, broker.processID)
        return SignalLoad(
            publishers: try (0..<publishers).map { try broker.connect("pub-\($0)") }, subscriber: subscriber,
            templates: templates, member: member, first: first, streams: streams,
            takeReading: { try CPUReading(conveyID: conveyID, brokerID: brokerID) })
    }
}
