import Conversation
import JournalPort

/// A conversation's state while its records are replayed.
struct StateReplay {
    var core = ConversationCore()
    /// Contains everything up to this offset.
    var through: Int64 = 0

    var bytes: Int { 256 + core.state.inFlight.reduce(0) { $0 + $1.key.utf8.count + 64 } }

    /// Repeats the application of a signal.
    /// - Throws: if the result differs from the recorded one.
    mutating func apply(_ marker: Marker, to applied: JournalRecord) throws(QueryFailure) {
        guard let recorded = applied.recordedSignal else {
            throw .journal(JournalError(.damaged, "record \(applied.position) was applied but cannot be read"))
        }
        _ = core.apply(recorded, priority: marker.priority)
        guard core.state.digest == marker.digest else {
            throw .query(
                QueryError(
                    .corrupt,
                    "replaying the conversation gives a state that differs from the one recorded at offset \(applied.offset); "
                        + "run convey verify"))
        }
    }
}

extension QueryExecutor {
    /// `{"subject","as_of","partition","state":{…}}`: the state with its history, as `ConversationView` writes it.
    func state(_ request: QueryRequest, _ reading: ConversationReading) throws(QueryFailure) -> [UInt8] {
        let end = end(request, reading)
        let replay = try replay(through: end, reading)
        let view = ConversationView(state: replay.core.state, history: try history(through: end, reading))
        var answer = begin(reading, asOf: end)
        answer.add("partition", reading.head.partition)
        if case .setAside(let reason)? = try row(reading)?.damage { answer.add("set_aside", reason) }
        answer.add("state", json: view.encode())
        return answer.finish()
    }

    private func replay(through end: Int64, _ reading: ConversationReading) throws(QueryFailure) -> StateReplay {
        var replay = StateReplay()
        if let kept = reading.state, kept.through <= end {
            replay = kept
        } else if let saved = try saved(reading), saved.through <= end {
            replay = saved
        }
        defer {
            if replay.through > reading.state?.through ?? -1 { reading.state = replay }
        }
        while replay.through < end {
            let next = min(replay.through + Int64(ConversationChain.step), end)
            let links = try links(through: next, limit: Int(next - replay.through), reading)
            let markers = links.reversed().compactMap { link in
                if case .marker(let marker) = link.content { marker } else { nil }
            }
            let applied = try records(at: markers.map(\.appliedPosition))
            for (marker, record) in zip(markers, applied) {
                try replay.apply(marker, to: record)
            }
            replay.through = next
        }
        return replay
    }

    private func row(_ reading: ConversationReading) throws(QueryFailure) -> ConversationRecord? {
        try QueryFailure.reading { () throws(JournalError) in
            try self.reader.conversation(subject: reading.head.subject)
        }
    }

    /// The state that the last checkpoint or eviction saved.
    private func saved(_ reading: ConversationReading) throws(QueryFailure) -> StateReplay? {
        let row = try row(reading)
        // If the saved state cannot be used, the state is rebuilt from all records.
        guard let row, row.damage == nil else { return nil }
        return StateReplay(core: row.core, through: row.offset)
    }

    /// The latest signals applied up to an offset.
    private func history(through end: Int64, _ reading: ConversationReading) throws(QueryFailure) -> ConversationHistory
    {
        var markers: [Marker] = []
        var next = end
        while next > 0, markers.count < ConversationHistory.limit {
            let links = try links(through: next, limit: 2 * ConversationHistory.limit, reading)
            for link in links {
                if case .marker(let marker) = link.content { markers.append(marker) }
            }
            next = (links.last?.offset ?? 1) - 1
        }
        markers = markers.prefix(ConversationHistory.limit).reversed()
        var history = ConversationHistory()
        for (marker, record) in zip(markers, try records(at: markers.map(\.appliedPosition))) {
            guard case .signal(let signal) = record.content else { continue }
            history.push(
                ConversationState.Event(
                    id: signal.id, type: signal.type, priority: marker.priority, offset: record.offset))
        }
        return history
    }
}
