import Conversation

/// Writes a recorded signal as it is published.
package struct OutboundEnvelope {
    private let root: String
    private var timestamps = TimestampWriter()

    package init(root: String) {
        self.root = root
    }

    package struct Publication {
        package var topic: String
        package var payload: [UInt8]
        package var traceparent: String?
    }

    package mutating func write(_ event: OutboundEvent) -> Publication {
        let record = event.record
        let time = timestamps.text(record.recordedAt)
        switch record.content {
        case .signal(let signal):
            return Publication(
                topic: TopicName.topic(root: root, type: signal.type, subject: event.subject),
                payload: EnvelopeEncoder.encode(
                    signal, sequence: UInt64(record.sequence), partition: event.partition,
                    offset: UInt64(record.offset), recordedAt: time),
                traceparent: signal.traceparent)
        case .marker(let marker):
            let envelope = Self.envelope(of: marker, event)
            var payload: [UInt8] = []
            payload.reserveCapacity(1_024 + (event.applied?.data.count ?? 0))
            EnvelopeEncoder.append(
                envelope, sequence: UInt64(record.sequence), partition: event.partition,
                offset: UInt64(record.offset), recordedAt: time, to: &payload
            ) { bytes in
                JSONObjectBuilder.append(to: &bytes) { Self.write(marker, event, to: &$0) }
            }
            return Publication(
                topic: TopicName.topic(root: root, type: envelope.type, subject: event.subject), payload: payload,
                traceparent: envelope.traceparent)
        }
    }

    private static func envelope(of marker: Marker, _ event: OutboundEvent) -> Signal {
        Signal(
            id: DerivedID.marker(of: marker.appliedPosition), source: DerivedSource.reducer,
            type: "conv.applied.event.applied", subject: event.subject, cause: .signal(event.applied?.id ?? ""),
            traceparent: event.applied?.traceparent, data: [])
    }

    private static func write(_ marker: Marker, _ event: OutboundEvent, to data: inout JSONObjectBuilder) {
        let applied = event.applied
        data.add("applied_event_id", applied?.id ?? "")
        data.add("original_type", applied?.type ?? "")
        data.add("subject", event.subject)
        data.add("priority", marker.priority.rawValue)
        data.add("partition_id", event.partition)
        data.add("scheduler_seq", marker.appliedPosition.rawValue)
        data.add("apply_order", marker.applyOrder)
        guard let applied, Family(type: applied.type) == .inbound else { return }
        // The accepted signal, so that a consumer of markers and outputs alone can build a timeline.
        data.add("signal") { object in
            object.add("id", applied.id)
            object.add("source", applied.source)
            object.add("type", applied.type)
            if let time = applied.time { object.add("time", time) }
            object.add("data", json: applied.data)
        }
    }
}

/// RFC 3339 in UTC with microseconds. Keeps the last second's text: most records of a moment share it.
struct TimestampWriter {
    private var second: Int64 = .min
    private var prefix = ""

    /// - Parameter microseconds: since 1970.
    mutating func text(_ microseconds: Int64) -> String {
        let (seconds, fraction) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        if seconds != second {
            second = seconds
            prefix = Self.dateAndTime(seconds)
        }
        var text = prefix
        var scale: Int64 = 100_000
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 8) { tail in
            tail[0] = UInt8(ascii: ".")
            for index in 1...6 {
                tail[index] = UInt8(ascii: "0") + UInt8(max(0, fraction) / scale % 10)
                scale /= 10
            }
            tail[7] = UInt8(ascii: "Z")
            text += String(decoding: tail, as: UTF8.self)
        }
        return text
    }

    /// Days to civil date after Howard Hinnant's "chrono-compatible low-level date algorithms".
    private static func dateAndTime(_ seconds: Int64) -> String {
        let days = seconds / 86_400
        let inDay = seconds % 86_400
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return "\(year)-\(two(month))-\(two(day))T\(two(inDay / 3_600)):\(two(inDay / 60 % 60)):\(two(inDay % 60))"
    }

    private static func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
