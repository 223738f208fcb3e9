import Foundation
import MQTTTransport
import Synchronization
import TestSupport
import Testing

/// An event as a consumer received it.
struct Event: Sendable {
    let topic: String
    let payload: [UInt8]
    let id: String
    let type: String
    let subject: String
    let source: String
    let cause: String?
    let sequence: Int
    let offset: Int

    /// Nil for a message that is not an event of Convey.
    init?(_ message: ReceivedMessage) {
        guard let object = try? JSONSerialization.jsonObject(with: Data(message.payload)) as? [String: Any],
            let id = object["id"] as? String, let type = object["type"] as? String,
            let subject = object["subject"] as? String, let source = object["source"] as? String,
            let sequence = object["sequence"] as? Int, let offset = object["offset"] as? Int
        else { return nil }
        topic = message.topic
        payload = message.payload
        self.id = id
        self.type = type
        self.subject = subject
        self.source = source
        self.sequence = sequence
        self.offset = offset
        cause = object["causationid"] as? String
    }

    var family: String { String(type.split(separator: ".")[1]) }

    /// A member of `data`; nil if it is missing or has another type.
    func data<Value>(_ name: String, as type: Value.Type = String.self) -> Value? {
        let object = try? JSONSerialization.jsonObject(with: Data(payload)) as? [String: Any]
        return (object?["data"] as? [String: Any])?[name] as? Value
    }
}

/// A consumer with a persistent session that keeps all it receives.
final class Listener: Sendable {
    static let everything = ["conv/applied/#", "conv/out/#", "conv/effect/#", "conv/audit/#"]

    private struct State {
        var events: [Event] = []
        var ids: Set<String> = []
        var types: [String: Int] = [:]
        /// The signals that markers are about, as (subject, id).
        var applied: Set<[String]> = []
        var strays: [ReceivedMessage] = []
    }

    private let state = Mutex(State())
    private let client: MQTTClient

    convenience init(port: Int, filters: [String]) async throws {
        try await self.init(
            MQTTOptions(
                broker: BrokerAddress(host: "127.0.0.1", port: port), clientID: "listener-\(UUID().uuidString)",
                cleanStart: false, sessionExpirySeconds: 3_600, receiveMaximum: 1_000), filters: filters)
    }

    init(_ options: MQTTOptions, filters: [String]) async throws {
        client = try MQTTClient(options)
        try await client.start()
        try await client.subscribe(filters)
        // Ends with the client's stream, which `stop` ends, or with the last reference to the client.
        Task { [weak self, messages = client.messages] in
            for await message in messages { self?.take(message) }
        }
    }

    /// Ends it, and has everything received from Convey checked as CloudEvents.
    func stop() async {
        await client.stop()
        do {
            try CloudEventCheck.expectValid(published)
        } catch {
            Issue.record("the events cannot be looked at: \(error)")
        }
    }

    /// All messages on Convey's own topics, also those that could not be read as an event.
    private var published: [[UInt8]] {
        let families = ["applied", "out", "effect", "audit"].map { "conv/\($0)/" }
        return state.withLock { state in
            state.events.map { ($0.topic, $0.payload) } + state.strays.map { ($0.topic, $0.payload) }
        }.filter { topic, _ in families.contains { topic.hasPrefix($0) } }.map(\.1)
    }

    private func take(_ message: ReceivedMessage) {
        let event = Event(message)
        state.withLock { state in
            guard let event else { return state.strays.append(message) }
            state.events.append(event)
            state.ids.insert(event.subject + " " + event.id)
            state.types[event.type, default: 0] += 1
            if event.family == "applied", let cause = event.cause { state.applied.insert([event.subject, cause]) }
        }
    }

    /// Everything so far, in the order of arrival, repeats included.
    var events: [Event] { state.withLock { $0.events } }
    /// Messages that are not events, such as receipts.
    var strays: [ReceivedMessage] { state.withLock { $0.strays } }
    var count: Int { state.withLock { $0.events.count } }
    var distinctCount: Int { state.withLock { $0.ids.count } }
    /// Deliveries by type, repeats included.
    var counts: [String: Int] { state.withLock { $0.types } }

    /// The events of a subject without repeats, in order.
    func distinct(_ subject: String) -> [Event] {
        var seen: Set<String> = []
        return events.filter { $0.subject == subject && seen.insert($0.id).inserted }
    }

    func isApplied(_ id: String, subject: String) -> Bool { state.withLock { $0.applied.contains([subject, id]) } }

    func waitUntilApplied(_ id: String, subject: String, seconds: Double = 30) async throws {
        try await eventually("\(id) of \(subject) is applied", seconds: seconds) { isApplied(id, subject: subject) }
    }

    /// Waits for an event and returns the first.
    func first(
        _ what: String, seconds: Double = 30, where matches: (Event) -> Bool
    ) async throws -> Event {
        var found: Event?
        try await eventually(what, seconds: seconds) {
            found = events.first(where: matches)
            return found != nil
        }
        guard let found else { throw TestSupportError("not found: \(what)") }
        return found
    }
}
