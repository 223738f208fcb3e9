import JournalPort

/// A consumer that drops repeats by id.
struct SimulatedConsumer {
    private(set) var seen: [String: OutboundEvent] = [:]
    private var writers: [OutboundEnvelope]
    private var bytes: [String: [UInt8]] = [:]

    /// - Parameter shards: in the order of their indices.
    init(_ shards: [Shard]) {
        writers = shards.map { OutboundEnvelope(root: "conv", ids: DerivedIDs($0.tag)) }
    }

    mutating func receive(_ event: OutboundEvent, from shard: Shard) throws {
        let key = "\(event.subject) \(event.record.family.map(\.name) ?? "") \(event.record.sequence)"
        let publication = writers[shard.index].write(event)
        if let before = bytes[key], before != publication.payload {
            throw Simulation.Violation(description: "\(key) was published with two different contents")
        }
        bytes[key] = publication.payload
        seen[key] = event
    }
}
