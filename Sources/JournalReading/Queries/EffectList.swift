import Conversation
import JournalPort
import Signals

extension QueryExecutor {
    /// `{"effects":[…],"next":{"cursor":…}}`, the oldest first: what hangs is at the top.
    func effects(_ request: QueryRequest) throws(QueryFailure) -> [UInt8] {
        var after: EffectKey?
        if let cursor = request.cursor {
            after = EffectKey(cursor)
            guard after != nil else { throw .query(QueryError(.parameterInvalid, "the cursor is not one of effects")) }
        }
        let key = after
        let found = try QueryFailure.reading { () throws(JournalError) in
            try self.reader.openEffects(after: key, limit: request.limit + 1)
        }
        let page = found.prefix(request.limit)
        var list: [UInt8] = [UInt8(ascii: "[")]
        for (index, effect) in page.enumerated() {
            if index > 0 { list.append(UInt8(ascii: ",")) }
            JSONObjectBuilder.append(to: &list) { write(effect, to: &$0) }
        }
        list.append(UInt8(ascii: "]"))
        var answer = JSONObjectBuilder(reservingCapacity: list.count + 64)
        answer.add("effects", json: list)
        if found.count > page.count, let last = page.last {
            answer.add("next") { $0.add("cursor", last.effect.key.description) }
        }
        return answer.finish()
    }

    private func write(_ listed: EffectUnderWay, to object: inout JSONObjectBuilder) {
        let effect = listed.effect
        object.add("subject", effect.subject)
        object.add("effect_id", effect.effectID)
        object.add("class", effect.effectClass.rawValue)
        object.add("kind", effect.kind)
        object.add("state", listed.state.rawValue)
        object.add("attempt", effect.attempt)
        object.add("cause", effect.causeID)
        object.add("cause_offset", listed.causeOffset)
        object.add("ordered_at", timestamps.text(listed.orderedAt))
        if let due = effect.dueAt { object.add("due_at", timestamps.text(due)) }
    }
}
