import Conversation
import JournalPort
import Signals

/// The view `effects`: `{"effects":[…],"next":{"cursor":…}}`, the one ordered first at the top, so that an effect that hangs is seen.
struct EffectList {
    private let journals: ShardJournals
    private let request: QueryRequest

    init(journals: ShardJournals, request: QueryRequest) {
        self.journals = journals
        self.request = request
    }

    private struct Part {
        let shard: Int
        var effects: ArraySlice<EffectUnderWay>
        var last: EffectKey?
    }

    func answer() throws(ShardFailure) -> [UInt8] {
        var cursor = ShardCursor<EffectKey>(shards: journals.count)
        if let text = request.cursor {
            guard let given = ShardCursor(text, shards: journals.count, { EffectKey($0) }) else {
                throw .query(QueryError(.parameterInvalid, "the cursor is not one of effects"))
            }
            cursor = given
        }
        var parts: [Part] = []
        for reader in journals.readers {
            let shard = reader.shard.index
            let last = cursor.places[shard]
            let effects = try journals.read(reader) { (reader) throws(JournalError) in
                try reader.openEffects(after: last, limit: request.limit + 1)
            }
            parts.append(Part(shard: shard, effects: effects[...], last: last))
        }
        let page: [EffectUnderWay] = ShardJournals.merge(&parts, limit: request.limit) {
            $0.orderedAt < $1.orderedAt
        } next: { part in
            part.effects.first.map { .element($0) } ?? .end
        } take: { part in
            part.last = part.effects.popFirst()?.effect.key
        }
        for part in parts { cursor.places[part.shard] = part.last }
        let hasMore = parts.contains { !$0.effects.isEmpty }
        var timestamps = TimestampWriter()
        return journals.encode("effects", page, next: hasMore ? cursor.text : nil) { listed, object in
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
}
