import Conversation
import JournalPort
import Signals

extension QueryExecutor {
    /// Maximum signals that a trace shows in each direction.
    private static let traceSignals = 1_000

    /// `{"subject","as_of","id","complete","signals":[…]}`: causes first (`depth` below 0), the signal (0), then its
    /// consequences. `complete` is false if the conversation or the trace is too long to show all of it.
    func trace(_ request: QueryRequest, _ reading: ConversationReading) throws(QueryFailure) -> [UInt8] {
        let end = end(request, reading)
        var links: [RecordLink] = []
        var next = end
        while next > 0, links.count < limits.traceLimit {
            links += try self.links(through: next, limit: ConversationChain.step, reading)
            next = (links.last?.offset ?? 1) - 1
        }
        let graph = CausalGraph(links.reversed(), ids: ids)
        guard let index = graph.find(request.id) else {
            let words = next > 0 ? "among the newest \(links.count) records of" : "in"
            throw .query(
                QueryError(.notFound, "there is no signal \(request.id) \(words) the conversation \(request.subject)"))
        }
        let ancestors = graph.ancestors(of: index, limit: Self.traceSignals)
        let descendants = graph.descendants(of: index, limit: Self.traceSignals)
        var signals: [UInt8] = []
        for (place, ancestor) in ancestors.enumerated() {
            try append(ancestor, of: graph, depth: place - ancestors.count, to: &signals)
        }
        try append(index, of: graph, depth: 0, to: &signals)
        for (descendant, depth) in descendants { try append(descendant, of: graph, depth: depth, to: &signals) }
        var answer = begin(reading, asOf: end)
        answer.add("id", request.id)
        let isWhole =
            next <= 0 && ancestors.count < Self.traceSignals && descendants.count < Self.traceSignals
        answer.add("complete", json: (isWhole ? "true" : "false").utf8)
        answer.add("signals", json: [UInt8(ascii: "[")] + signals + [UInt8(ascii: "]")])
        return answer.finish()
    }

    private func append(
        _ index: Int, of graph: CausalGraph, depth: Int, to bytes: inout [UInt8]
    ) throws(QueryFailure) {
        let link = graph.signals[index]
        let marker = graph.markers[link.position]
        var letter: DeadLetter?
        // The conversation records the dead letter, so before that record it is not one yet.
        if marker == nil, graph.find(ids.deadLetter(link.position)) != nil {
            letter = try QueryFailure.reading { () throws(JournalError) in
                try self.reader.deadLetter(at: link.position)
            }
        }
        if !bytes.isEmpty { bytes.append(UInt8(ascii: ",")) }
        JSONObjectBuilder.append(to: &bytes) { object in
            object.add("depth", depth)
            object.add("offset", link.offset)
            object.add("time", timestamps.text(link.recordedAt))
            // A signal whose content was removed may have neither.
            if !link.type.isEmpty { object.add("type", link.type) }
            if let id = link.signalID { object.add("id", id) }
            if case .removed(let removed) = link.content { object.add("removed", removed.reason.rawValue) }
            if case .signal(_, _, .signal(let cause)) = link.content { object.add("causationid", cause) }
            if let marker, case .marker(let content) = marker.content {
                object.add("applied") { applied in
                    applied.add("offset", marker.offset)
                    applied.add("time", timestamps.text(marker.recordedAt))
                    applied.add("apply_order", content.applyOrder)
                }
            }
            if let letter {
                object.add("dead_letter") { object in
                    object.add("reason", letter.reason.rawValue)
                    object.add("time", timestamps.text(letter.at))
                }
            }
        }
    }
}
