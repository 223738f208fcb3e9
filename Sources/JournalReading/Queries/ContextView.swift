import Conversation

extension QueryExecutor {
    /// A context keeps as many messages as a query may request.
    private static var contextOptions: LLMContextProjection.Options {
        .request(maxMessages: QueryView.context.limits.most)
    }

    /// `{"subject","as_of","messages":[…]}`.
    func context(_ request: QueryRequest, _ reading: ConversationReading) throws(QueryFailure) -> [UInt8] {
        let end = end(request, reading)
        var projection = LLMContextProjection(options: Self.contextOptions)
        var through: Int64 = 0
        if let kept = reading.context, reading.contextThrough <= end {
            projection = kept
            through = reading.contextThrough
            // A second reference would force a copy when advancing it.
            reading.context = nil
        }
        defer {
            // Also after a time-out: the next query continues from here.
            if reading.context == nil || through > reading.contextThrough {
                reading.context = projection
                reading.contextThrough = through
            }
        }
        while through < end {
            let next = min(through + Int64(ConversationChain.step), end)
            let told = try links(through: next, limit: Int(next - through), reading).reversed().filter {
                LLMContextProjection.shows($0.type)
            }
            for record in try records(at: told.map(\.position)) {
                guard case .signal(let signal) = record.content else { continue }
                projection.apply(ProjectionEvent(signal, offset: record.offset))
            }
            through = next
        }
        var answer = begin(reading, asOf: end)
        answer.add("messages", json: messages(of: projection, limit: request.limit))
        return answer.finish()
    }

    /// The newest messages; fewer if they would exceed the limit of an answer.
    private func messages(of projection: LLMContextProjection, limit: Int) -> [UInt8] {
        var limit = limit
        while true {
            let messages = projection.messages(last: limit).encode()
            if messages.count <= limits.answerBytes || limit == 1 { return messages }
            limit /= 2
        }
    }
}
