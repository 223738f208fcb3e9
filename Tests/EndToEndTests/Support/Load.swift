import MQTTTransport
import Synchronization
import TestSupport

/// A signal that a test publishes, under an id of its own.
struct OwnSignal: Sendable, Hashable {
    let subject: String
    let source: String
    let id: String
    let type: String
    let content: String

    var message: OutgoingMessage {
        OutgoingMessage(topic: topic, payload: Array(envelope.utf8))
    }

    private var topic: String {
        "conv/in/\(subject)/" + type.dropFirst("conv.in.".count).replacing(".", with: "/")
    }

    private var envelope: String {
        #"{"specversion":"1.0","id":"\#(id)","source":"\#(source)","type":"\#(type)","subject":"\#(subject)","#
            + #""data":{"content":"\#(content)"}}"#
    }
}

/// Publishers that publish their own signals to a set of conversations, some of them repeatedly, until they are told to
/// stop. They run whether or not Convey does.
final class Load: Sendable {
    struct Settings: Sendable {
        var publishers = 4
        var subjects = 50
        /// Signals that one publisher publishes at once.
        var burst = 20
        /// A publisher's bursts that may wait for their markers: this bounds the broker's queues while Convey is down.
        var openBursts = 10
        var messageShare = 0.15
        var repeatShare = 0.15
        /// The number of signals after which a publisher stops by itself.
        var limit = Int.max
    }

    private let settings: Settings
    private let listener: Listener
    private let isStopping = Atomic(false)
    /// By publisher, in the order of their first publication.
    private let published: Mutex<[[OwnSignal]]>

    init(_ settings: Settings, listener: Listener) {
        self.settings = settings
        self.listener = listener
        published = Mutex(Array(repeating: [], count: settings.publishers))
    }

    func stop() { isStopping.store(true, ordering: .relaxed) }

    /// Each publisher's signals acknowledged by the broker, without repeats.
    var signals: [[OwnSignal]] { published.withLock { $0 } }

    /// Publishes until `stop` or the limit.
    func run(port: Int, generator: SeededGenerator) async throws {
        var generator = generator
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<settings.publishers {
                let seed = generator.next()
                group.addTask { try await self.publish(as: number, port: port, SeededGenerator(seed: seed)) }
            }
            try await group.waitForAll()
        }
    }

    private func publish(as number: Int, port: Int, _ generator: SeededGenerator) async throws {
        var generator = generator
        let client = try MQTTClient(
            MQTTOptions(broker: BrokerAddress(host: "127.0.0.1", port: port), clientID: "load-\(number)"),
            answerTimeout: .seconds(120))
        try await client.start()
        var own: [OwnSignal] = []
        var burstEnds: [OwnSignal] = []
        while !isStopping.load(ordering: .relaxed), own.count < settings.limit {
            if burstEnds.count >= settings.openBursts {
                let oldest = burstEnds[burstEnds.count - settings.openBursts]
                try await eventually("\(oldest.id) is applied", seconds: 120) {
                    isStopping.load(ordering: .relaxed) || listener.isApplied(oldest.id, subject: oldest.subject)
                }
            }
            let fresh = (0..<settings.burst).map { signal(number, own.count + $0, &generator) }
            var burst = fresh
            for _ in 0..<settings.burst where Double.random(in: 0..<1, using: &generator) < settings.repeatShare {
                guard let known = own.randomElement(using: &generator) else { break }
                burst.insert(known, at: Int.random(in: 0...burst.count, using: &generator))
            }
            try await client.publishMany(burst.map(\.message))
            own += fresh
            if let last = fresh.last { burstEnds.append(last) }
            published.withLock { $0[number] = own }
        }
        await client.stop()
    }

    private func signal(_ publisher: Int, _ number: Int, _ generator: inout SeededGenerator) -> OwnSignal {
        let isMessage = Double.random(in: 0..<1, using: &generator) < settings.messageShare
        return OwnSignal(
            subject: "load-\(Int.random(in: 0..<settings.subjects, using: &generator))",
            source: "/load/\(publisher)", id: "p\(publisher)-\(number)",
            type: isMessage ? "conv.in.message.received" : "conv.in.note.taken",
            content: isMessage ? "one two three" : "a note")
    }
}
