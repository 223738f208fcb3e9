import Conversation

extension QueryExecutor {
    /// `{"conversations":[…],"next":{"cursor":…}}`.
    func conversations(_ request: QueryRequest) throws(QueryFailure) -> [UInt8] {
        switch request.order {
        case .subject: try bySubject(request)
        case .recent: try byActivity(request)
        }
    }

    private func bySubject(_ request: QueryRequest) throws(QueryFailure) -> [UInt8] {
        let heads = try QueryFailure.reading { () throws(JournalError) in
            try self.reader.conversations(prefix: request.prefix, after: request.cursor, limit: request.limit + 1)
        }
        let page = heads.prefix(request.limit)
        return list(Array(page), next: heads.count > page.count ? page.last?.subject : nil)
    }

    /// Reads the journal backwards: the conversations of its newest records are those last active. Each is listed where its
    /// newest record is, so that none comes twice, on whichever pages.
    private func byActivity(_ request: QueryRequest) throws(QueryFailure) -> [UInt8] {
        var heads: [ConversationHead] = []
        var seen: Set<ConversationID> = []
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
                guard let head = found, head.position == link.position,
                    head.subject.utf8.starts(with: request.prefix.utf8)
                else { continue }
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
