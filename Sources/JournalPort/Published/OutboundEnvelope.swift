import Signals

/// Writes the published form of a recorded signal.
package struct OutboundEnvelope {
    private let root: String
    private let ids: DerivedIDs
    private var timestamps = TimestampWriter()

    /// - Parameters:
    ///   - root: of the topics.
    ///   - ids: of the shard whose records are written.
    package init(root: String, ids: DerivedIDs) {
        self.root = root
        self.ids = ids
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
                traceparent: signal.publishedTraceparent)
        case .marker(let marker):
            let envelope = self.envelope(of: marker, event)
            var payload: [UInt8] = []
            payload.reserveCapacity(1_024 + (event.applied?.signal.data.count ?? 0))
            EnvelopeEncoder.append(
                envelope, sequence: UInt64(record.sequence), partition: event.partition,
                offset: UInt64(record.offset), recordedAt: time, to: &payload
            ) { bytes in
                JSONObjectBuilder.append(to: &bytes) { Self.write(marker, event, to: &$0) }
            }
            return Publication(
                topic: TopicName.topic(root: root, type: envelope.type, subject: event.subject), payload: payload,
                traceparent: envelope.publishedTraceparent)
        case .removed(let removed):
            preconditionFailure("record \(record.position) is to be published, but was \(removed.reason.rawValue)")
        case .unreadable(let reason, _):
            preconditionFailure("record \(record.position) is to be published, but cannot be read: \(reason)")
        }
    }

    private func envelope(of marker: Marker, _ event: OutboundEvent) -> Signal {
        Signal(
            id: ids.marker(of: marker.appliedPosition), source: DerivedSource.reducer,
            type: Marker.type, subject: event.subject, cause: .signal(event.applied?.signal.id ?? ""),
            traceparent: event.applied?.signal.traceparent, data: [])
    }

    private static func write(_ marker: Marker, _ event: OutboundEvent, to data: inout JSONObjectBuilder) {
        let applied = event.applied?.signal
        data.add("applied_event_id", applied?.id ?? "")
        data.add("original_type", applied?.type ?? "")
        data.add("subject", event.subject)
        data.add("priority", marker.priority.rawValue)
        data.add("partition_id", event.partition)
        data.add("scheduler_seq", event.applied?.offset ?? 0)
        data.add("apply_order", marker.applyOrder)
        guard let applied, Family(type: applied.type) == .inbound else { return }
        // The accepted signal, so that a consumer of only markers and outputs can build a timeline.
        data.add("signal") { object in
            object.add("id", applied.id)
            object.add("source", applied.publishedSource)
            object.add("type", applied.type)
            if let time = applied.publishedTime { object.add("time", time) }
            object.add("data", json: applied.data)
        }
    }
}
