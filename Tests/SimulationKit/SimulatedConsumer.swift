import JournalPort
import Signals

/// A consumer of everything that all shards publish; it drops repeats.
struct SimulatedConsumer {
    private(set) var seen: [String: OutboundEvent] = [:]
    private var bytes: [String: [UInt8]] = [:]
    /// The event with each pair of source and id.
    private var named: [Name: String] = [:]

    private struct Name: Hashable {
        let source: String
        let id: String
    }

    /// - Parameter writer: that of the event's shard.
    mutating func receive(_ event: OutboundEvent, from writer: inout OutboundEnvelope) throws {
        let key = "\(event.subject) \(event.record.family.map(\.name) ?? "") \(event.record.sequence)"
        let publication = writer.write(event)
        if let before = bytes[key] {
            guard before == publication.payload else {
                throw Simulation.Violation(description: "\(key) was published with two different contents")
            }
            return
        }
        bytes[key] = publication.payload
        seen[key] = event
        let envelope = try JSONValue(publication.payload)
        guard let source = envelope["source"]?.string, let id = envelope["id"]?.string else {
            throw Simulation.Violation(description: "\(key) was published without its source or id")
        }
        if let other = named.updateValue(key, forKey: Name(source: source, id: id)) {
            throw Simulation.Violation(
                description: "\(other) and \(key) were published with the same id \(id) of \(source)")
        }
    }
}
