import Conversation
import JournalPort
import Signals

extension QueryExecutor {
    /// `{"conversations":[…],"next":{"cursor":…}}`.
    func conversations(_ request: QueryRequest) throws(QueryFailure) -> [UInt8] {
        switch request.order {
        case .subject: try bySubject(request)
        case .recent: try byActivity(request)
        }
    }

    private func bySubject(_ request: QueryRequest) throws(QueryFailure) -> [UInt8] {
        let found = try scan(request, after: request.cursor, limit: request.limit)
        return list(found.heads, next: found.next)
    }

    /// Looks at subjects, in their order, until there are enough conversations or it has looked at as many as it may.
    private func scan(
        _ request: QueryRequest, after subject: String?, limit: Int
    ) throws(QueryFailure) -> ConversationListing {
        var found = ConversationListing(heads: [], next: subject)
        var scanned = 0
        repeat {
            try deadline.check()
            let (after, wanted) = (found.next, limit - found.heads.count)
            let step = try QueryFailure.reading { () throws(JournalError) in
                try self.reader.conversations(
                    matching: request.filter, after: after, limit: wanted, scanning: self.limits.subjectStep)
            }
            found.heads += step.heads
            found.next = step.next
            scanned += limits.subjectStep
        } while found.next != nil && found.heads.count < limit && scanned < limits.subjectScanLimit
        return found
    }

    private func byActivity(_ request: QueryRequest) throws(QueryFailure) -> [UInt8] {
        // A few conversations among very many may have been active long ago: they are found by their subjects.
        if !request.filter.isEmpty {
            let found = try scan(request, after: nil, limit: limits.sortLimit)
            if found.next == nil { return sorted(found.heads, request) }
        }
        return try backwards(request)
    }

    private func sorted(_ heads: [ConversationHead], _ request: QueryRequest) -> [UInt8] {
        let end = request.cursor.flatMap { Int64($0) } ?? .max
        let wanted = heads.filter { $0.position.rawValue < end && $0.recordedAt >= request.since ?? .min }
            .sorted { $0.position > $1.position }
        let page = wanted.prefix(request.limit)
        return list(Array(page), next: wanted.count > page.count ? page.last?.position.description : nil)
    }

    /// Reads the journal backwards: the conversations of its newest records are those last active. Each is listed where its
    /// newest record is, so that none comes twice, on whichever pages.
    private func backwards(_ request: QueryRequest) throws(QueryFailure) -> [UInt8] {
        var heads: [ConversationHead] = []
        var seen: Set<ConversationID> = []
        let filter = request.filter
        var next = request.cursor.flatMap { Int64($0) }.map { Position($0) }
        var scanned = 0
        while scanned < limits.scanLimit {
            try deadline.check()
            let from = next
            let links = try QueryFailure.reading { () throws(JournalError) in
                try self.reader.newestLinks(before: from, limit: ConversationChain.step)
            }
            guard !links.isEmpty else { return list(heads, next: nil) }
            scanned += links.count
            for link in links {
                if let since = request.since, link.recordedAt < since { return list(heads, next: nil) }
                if heads.count == request.limit { return list(heads, next: link.position.next.description) }
                next = link.position
                guard seen.insert(link.conversation).inserted else { continue }
                let found = try QueryFailure.reading { () throws(JournalError) in
                    try self.reader.head(id: link.conversation)
                }
                guard let head = found, head.position == link.position, filter.matches(head.subject) else { continue }
                heads.append(head)
            }
        }
        return list(heads, next: next?.description)
    }

    private func list(_ heads: [ConversationHead], next: String?) -> [UInt8] {
        var answer = JSONObjectBuilder(reservingCapacity: 4_096)
        var list: [UInt8] = [UInt8(ascii: "[")]
        for (index, head) in heads.enumerated() {
            if index > 0 { list.append(UInt8(ascii: ",")) }
            JSONObjectBuilder.append(to: &list) { object in
                object.add("subject", head.subject)
                object.add("partition", head.partition)
                object.add("offset", head.offset)
                object.add("last_activity", timestamps.text(head.recordedAt))
            }
        }
        list.append(UInt8(ascii: "]"))
        answer.add("conversations", json: list)
        if let next { answer.add("next") { $0.add("cursor", next) } }
        return answer.finish()
    }
}

extension QueryRequest {
    fileprivate var filter: SubjectFilter { SubjectFilter(prefix: prefix, contains: contains) }
}
