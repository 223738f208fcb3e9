import MQTTTransport
import TestSupport

/// Drives a connection as its owning thread would, and keeps everything received.
final class Harness {
    let connection: MQTTConnection
    private(set) var messages: [ReceivedMessage] = []
    private(set) var events: [MQTTEvent] = []

    init(_ options: MQTTOptions) throws { connection = try MQTTConnection(options) }

    /// Polls and reads, never flushing, until `condition` holds.
    func pump(_ what: String, seconds: Double = 10, until condition: (Harness) -> Bool) throws {
        try waitUntil(what, seconds: seconds) {
            if connection.poll(timeoutMilliseconds: 10, wake: nil).isReadable { readOnce() }
            connection.keepAlive()
            return condition(self)
        }
    }

    func readOnce(limit: Int = 1000) {
        let inbox = connection.read(limit: limit, byteLimit: 1 << 24)
        messages += inbox.messages
        events += inbox.events
    }

    /// Connects and waits for the CONNACK; says whether the broker still had the session.
    @discardableResult
    func connect() throws -> Bool {
        events = []
        try connection.connect()
        try pump("CONNACK") { $0.sessionPresent != nil || $0.end != nil }
        if let end { throw end }
        return sessionPresent == true
    }

    func subscribe(_ filters: [String]) throws -> [Int] {
        let id = try connection.subscribe(filters)
        connection.flush()
        try pump("SUBACK") { $0.granted(id) != nil }
        return granted(id) ?? []
    }

    func forget() {
        messages = []
        events = []
    }

    var sessionPresent: Bool? {
        for case .connected(let present) in events { return present }
        return nil
    }

    /// The error with which the connection ended or was refused.
    var end: MQTTError? {
        for event in events {
            switch event {
            case .connectionRefused(let error), .disconnected(.some(let error)): return error
            case .connected, .disconnected, .publishAcknowledged, .subscribed: continue
            }
        }
        return nil
    }

    var acknowledged: [Int32] {
        events.compactMap { if case .publishAcknowledged(let id, _) = $0 { id } else { nil } }
    }

    private func granted(_ id: Int32) -> [Int]? {
        for case .subscribed(id, let granted) in events { return granted }
        return nil
    }
}

/// A broker that limits nothing: a test sees only the client's behavior.
func openBroker(_ configuration: [String] = [], persistence: Bool = false) throws -> MosquittoProcess {
    try MosquittoProcess(
        configuration: configuration + ["max_inflight_messages 2000", "max_queued_messages 100000"],
        persistence: persistence)
}

/// Options of a consumer that acknowledges on flush and keeps its session.
func consumerOptions(port: Int, id: String = "consumer", version: MQTTVersion = .v5) -> MQTTOptions {
    MQTTOptions(
        broker: BrokerAddress(host: "127.0.0.1", port: port), clientID: id, version: version, cleanStart: false,
        sessionExpirySeconds: 600, receiveMaximum: 1000, acknowledgement: .whenFlushed)
}

/// Options of a publisher.
func publisherOptions(port: Int, id: String = "publisher", version: MQTTVersion = .v5) -> MQTTOptions {
    MQTTOptions(broker: BrokerAddress(host: "127.0.0.1", port: port), clientID: id, version: version)
}

/// Publishes `count` messages and waits for their PUBACKs.
func publish(_ count: Int, to topic: String, port: Int) throws {
    let publisher = try Harness(publisherOptions(port: port, id: "publish-\(topic)"))
    try publisher.connect()
    for number in 0..<count {
        _ = try publisher.connection.publish(topic: topic, payload: Array("\(number)".utf8))
    }
    try publisher.pump("PUBACKs") { $0.acknowledged.count == count }
    publisher.connection.disconnect()
}
