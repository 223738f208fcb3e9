import Signals

/// Dead letters as JSON, for HTTP answers and for the commands' output with `--json`. The member `shard` is present if
/// there are several shards.
package enum DeadLetterJSON {
    /// `{"dead_letters":[…],"unreadable_shards":[…]}`, without data; the second member only if there are any.
    package static func list(_ page: DeadLetterPage, shards: Int) -> [UInt8] {
        var times = TimestampWriter()
        let letters = page.letters.map { encode($0, shards: shards, withData: false, &times) }
        return object("dead_letters", letters) { $0.add(unreadableShards: page.unreadable) }
    }

    /// One letter with the data of its signal.
    package static func letter(_ letter: Sharded<DeadLetterDetails>, shards: Int) -> [UInt8] {
        var times = TimestampWriter()
        return encode(letter, shards: shards, withData: true, &times)
    }

    /// `{"results":[{"position":1,"status":"redriven","audit_id":"…"}]}`
    package static func outcomes(_ outcomes: [Sharded<DeadLetterOutcome>], shards: Int) -> [UInt8] {
        object(
            "results",
            outcomes.map { outcome in
                var object = JSONObjectBuilder()
                if shards > 1 { object.add("shard", outcome.shard) }
                object.add("position", outcome.value.position.rawValue)
                object.add("status", outcome.value.status.rawValue)
                if let id = outcome.value.auditID { object.add("audit_id", id) }
                return object.finish()
            })
    }

    private static func encode(
        _ letter: Sharded<DeadLetterDetails>, shards: Int, withData: Bool, _ times: inout TimestampWriter
    ) -> [UInt8] {
        let details = letter.value
        let signal = details.signal
        var object = JSONObjectBuilder(reservingCapacity: 512)
        if shards > 1 { object.add("shard", letter.shard) }
        object.add("position", details.letter.position.rawValue)
        object.add("subject", signal.subject)
        object.add("offset", details.record.offset)
        object.add("reason", details.letter.reason.rawValue)
        object.add("at", times.text(details.letter.at))
        object.add("recorded_at", times.text(details.record.recordedAt))
        object.add("id", signal.id)
        object.add("source", signal.source)
        object.add("type", signal.type)
        if case .signal(let cause) = signal.cause { object.add("cause", cause) }
        if withData { object.add("data", json: signal.data) }
        return object.finish()
    }

    private static func object(
        _ name: StaticString, _ elements: [[UInt8]], addMore: (inout JSONObjectBuilder) -> Void = { _ in }
    ) -> [UInt8] {
        var object = JSONObjectBuilder()
        let list = Array(elements.joined(separator: [UInt8(ascii: ",")]))
        object.add(name, json: [UInt8(ascii: "[")] + list + [UInt8(ascii: "]")])
        addMore(&object)
        return object.finish()
    }
}
