import MQTTTransport

/// Messages, some of which need tools, timers, and now and then an abort.
struct EffectLoad {
    private static let subjects = 6
    /// The delays of timers: some fire in this process, some in the next.
    private static let delays = 50...2_500

    let client: MQTTClient
    var generator: SeededGenerator
    /// The number of signals so far.
    private(set) var published = 0

    init(client: MQTTClient, generator: SeededGenerator) {
        self.client = client
        self.generator = generator
    }

    /// Publishes a handful of signals.
    mutating func publish() async throws {
        var batch: [OutgoingMessage] = []
        for kind in ["tools:1", Bool.random(using: &generator) ? "tools:2" : "plain"] {
            let id = nextID()
            batch.append(.message("\(kind) \(id)", to: subject("chat"), id: id))
        }
        for _ in 0..<2 {
            let delay = Int.random(in: Self.delays, using: &generator)
            batch.append(.signal("timer.tick", of: subject("clock"), id: nextID(), #"{"delay_ms":\#(delay)}"#))
        }
        if Int.random(in: 0..<4, using: &generator) == 0 {
            let (subject, id) = (subject("hasty"), nextID())
            batch.append(.message("tools:1 \(id)", to: subject, id: id))
            batch.append(.signal("control.abort_requested", of: subject, id: nextID(), "{}"))
        }
        try await client.publishMany(batch)
    }

    private mutating func nextID() -> String {
        published += 1
        return "s\(published)"
    }

    private mutating func subject(_ name: String) -> String {
        "\(name)-\(Int.random(in: 0..<Self.subjects, using: &generator))"
    }
}
