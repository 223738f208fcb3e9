import Conversation
import JournalPort
import Signals

/// Pages of events in their published form.
extension QueryExecutor {
    /// `{"subject","as_of","events":[…],"next":{…}}`, ascending by offset. `next` has the parameter for the next page,
    /// in place of `before`, `after` or `after_sequence`; a page may be short, or even empty, and still have one.
    func events(_ request: QueryRequest, _ reading: ConversationReading) throws(QueryFailure) -> [UInt8] {
        let end = end(request, reading)
        var answer = begin(reading, asOf: end)
        var page = EventPage(limit: request.limit, bytes: limits.answerBytes)
        switch request.page {
        case .last(let before):
            let lowest = try collectBackwards(from: min(end, (before ?? .max) - 1), request, reading, &page)
            page.events.reverse()
            answer.add("events", json: page.encode())
            if lowest > 1 { answer.add("next") { $0.add("before", lowest) } }
        case .first(let after):
            let highest = try collect(from: min(after, .max - 1) + 1, through: end, request, reading, &page)
            answer.add("events", json: page.encode())
            if highest < end { answer.add("next") { $0.add("after", highest) } }
        case .firstOfFamily(let sequence):
            let first = try offset(behind: sequence, of: request.families, through: end, reading)
            let highest = try collect(from: first, through: end, request, reading, &page)
            answer.add("events", json: page.encode())
            if highest < end { answer.add("next") { $0.add("after", highest) } }
        }
        return answer.finish()
    }

    /// All events after an offset: nothing is filtered, so they are consecutive.
    func page(
        after offset: Int64, _ limit: Int, bytes: Int, _ reading: ConversationReading
    ) throws(QueryFailure) -> LivePage {
        let newest = reading.head.offset
        guard offset < newest else { return LivePage(events: [], through: offset, hasMore: false) }
        let positions = try reading.chain.positions(
            of: offset + 1...min(offset + Int64(limit), newest), reader: reader, deadline: deadline)
        var page = EventPage(limit: limit, bytes: bytes)
        _ = try write(positions, reading, &page)
        let events = page.events.enumerated().map { LiveEvent(offset: offset + 1 + Int64($0), envelope: $1) }
        let through = offset + Int64(events.count)
        return LivePage(events: events, through: through, hasMore: through < newest)
    }

    /// - Returns: the offset of the last record read; older records belong to the next page.
    private func collectBackwards(
        from end: Int64, _ request: QueryRequest, _ reading: ConversationReading, _ page: inout EventPage
    ) throws(QueryFailure) -> Int64 {
        var lowest = max(end, 0) + 1
        var scanned = 0
        while lowest > 1, !page.isFull, scanned < limits.scanLimit {
            let links = try links(through: lowest - 1, limit: page.step(scanned), reading)
            scanned += links.count
            let matching = links.filter { Self.matches($0, request) }
            let written = try write(matching, reading, &page)
            // Events that did not fit are read again.
            guard written == matching.count else { return matching[written].offset + 1 }
            lowest = links.last?.offset ?? 1
        }
        return lowest
    }

    /// - Returns: the offset of the last record read.
    private func collect(
        from start: Int64, through end: Int64, _ request: QueryRequest, _ reading: ConversationReading,
        _ page: inout EventPage
    ) throws(QueryFailure) -> Int64 {
        var highest = start - 1
        var scanned = 0
        while highest < end, !page.isFull, scanned < limits.scanLimit {
            let step = Int64(page.step(scanned))
            let last = min(highest + step, end)
            let links = try links(through: last, limit: Int(last - highest), reading).reversed()
            scanned += links.count
            let matching = links.filter { Self.matches($0, request) }
            let written = try write(matching, reading, &page)
            guard written == matching.count else { return matching[written].offset - 1 }
            highest = last
        }
        return highest
    }

    /// The offset of the first record after the family's record with a sequence, or with the highest lower one.
    private func offset(
        behind sequence: Int64, of families: Set<Family>, through end: Int64, _ reading: ConversationReading
    ) throws(QueryFailure) -> Int64 {
        var next = end
        while next > 0 {
            for link in try links(through: next, limit: ConversationChain.step, reading) {
                if link.sequence <= sequence, let family = link.family, families.contains(family) {
                    return link.offset + 1
                }
                next = link.offset - 1
            }
        }
        return 1
    }

    private static func matches(_ link: RecordLink, _ request: QueryRequest) -> Bool {
        if !request.families.isEmpty {
            guard let family = link.family, request.families.contains(family) else { return false }
        }
        if !request.types.isEmpty, !request.types.contains(where: { $0.matches(link.type) }) { return false }
        if let since = request.since, link.recordedAt < since { return false }
        if let until = request.until, link.recordedAt >= until { return false }
        return true
    }

    /// Writes events in the order of the links until the page is full.
    /// - Returns: the number of events written.
    private func write(
        _ links: [RecordLink], _ reading: ConversationReading, _ page: inout EventPage
    ) throws(QueryFailure) -> Int {
        try write(links.map(\.position), reading, &page)
    }

    private func write(
        _ positions: [Position], _ reading: ConversationReading, _ page: inout EventPage
    ) throws(QueryFailure) -> Int {
        let room = positions.prefix(page.limit - page.events.count)
        var written = 0
        while written < room.count {
            let records = try records(at: Array(room[written..<min(written + page.step, room.count)]))
            var applied = try appliedSignals(of: records)[...]
            for record in records {
                if case .unreadable(let reason, _) = record.content {
                    throw .journal(JournalError(.damaged, "record \(record.position) cannot be read: \(reason)"))
                }
                if case .removed(let removed) = record.content {
                    guard page.add(removedEvent(removed, record)) else { return written }
                    written += 1
                    continue
                }
                var signal: RecordedSignal?
                if case .marker = record.content { signal = applied.popFirst() }
                let event = OutboundEvent(
                    record: record, subject: reading.head.subject, partition: reading.head.partition, applied: signal)
                guard page.add(envelope.write(event).payload) else { return written }
                written += 1
            }
        }
        return written
    }

    /// Replaces a signal whose content was removed:
    /// `{"offset","sequence","family","recorded_at","removed":"sealed","id","type"}`, the last two if they are kept.
    private func removedEvent(_ removed: RemovedContent, _ record: JournalRecord) -> [UInt8] {
        var object = JSONObjectBuilder()
        object.add("offset", record.offset)
        object.add("sequence", record.sequence)
        object.add("family", removed.family.name)
        object.add("recorded_at", timestamps.text(record.recordedAt))
        object.add("removed", removed.reason.rawValue)
        if let id = removed.id { object.add("id", id) }
        if let type = removed.type { object.add("type", type) }
        return object.finish()
    }

    /// The signals that markers refer to, in the order of the markers.
    func appliedSignals(of records: [JournalRecord]) throws(QueryFailure) -> [RecordedSignal] {
        let positions = records.compactMap { record in
            if case .marker(let marker) = record.content { marker.appliedPosition } else { nil }
        }
        var signals: [RecordedSignal] = []
        for record in try self.records(at: positions) {
            switch record.content {
            case .signal(let signal): signals.append(record.recorded(signal))
            case .removed(let removed):
                signals.append(
                    record.recorded(
                        Signal(
                            id: removed.id ?? "", source: removed.source ?? "", type: removed.type ?? "", subject: "",
                            data: [])))
            case .marker, .unreadable:
                throw .journal(JournalError(.damaged, "record \(record.position) was applied but cannot be read"))
            }
        }
        return signals
    }
}
