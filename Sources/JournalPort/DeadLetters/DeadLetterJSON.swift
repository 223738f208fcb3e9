import Signals

/// Dead letters as they stand in HTTP answers and in what the commands print with `--json`.
public enum DeadLetterJSON {
    /// `{"dead_letters":[…]}`, without data.
    public static func list(_ letters: [DeadLetterDetails]) -> [UInt8] {
        var times = TimestampWriter()
        return object("dead_letters", letters.map { encode($0, withData: false, &times) })
    }

    /// One letter with the data of its signal.
    public static func letter(_ letter: DeadLetterDetails) -> [UInt8] {
        var times = TimestampWriter()
        return encode(letter, withData: true, &times)
    }

    /// `{"results":[{"position":1,"status":"redriven","audit_id":"…"}]}`
    public static func outcomes(_ outcomes: [DeadLetterOutcome]) -> [UInt8] {
        object(
            "results",
            outcomes.map { outcome in
                var object = JSONObjectBuilder()
                object.add("position", outcome.position.rawValue)
                object.add("status", outcome.status.rawValue)
                if let id = outcome.auditID { object.add("audit_id", id) }
                return object.finish()
            })
    }

    private static func encode(
        _ details: DeadLetterDetails, withData: Bool, _ times: inout TimestampWriter
    ) -> [UInt8] {
        let signal = details.signal
        var object = JSONObjectBuilder(reservingCapacity: 512)
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

    private static func object(_ name: StaticString, _ elements: [[UInt8]]) -> [UInt8] {
        var object = JSONObjectBuilder()
        let list = Array(elements.joined(separator: [UInt8(ascii: ",")]))
        object.add(name, json: [UInt8(ascii: "[")] + list + [UInt8(ascii: "]")])
        return object.finish()
    }
}
