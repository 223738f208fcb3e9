import Conversation
import JournalPort
import Signals

/// The view `effects`: `{"effects":[…],"next":{"cursor":…}}`, oldest first, so that an effect that hangs is seen.
struct EffectList {
    private let journals: ShardJournals
    private let request: QueryRequest
    private let limits: QueryLimits
    /// Maximum bytes of a call's arguments in a list; the conversation's timeline has all of them.
    private static let argumentBytes = 4_096

    init(journals: ShardJournals, request: QueryRequest, limits: QueryLimits) {
        self.journals = journals
        self.request = request
        self.limits = limits
    }

    private struct Listed {
        let shard: Int
        let underWay: EffectUnderWay
    }

    private struct Part {
        let shard: Int
        var effects: ArraySlice<EffectUnderWay>
        var last: EffectKey?
        /// The point up to which the shard's list was read, if it may continue there.
        var readTo: EffectKey?
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
        for reader in journals.readers where try holdsSubject(reader) {
            parts.append(try part(reader, after: cursor.places[reader.shard.index]))
        }
        let page: [Listed] = ShardJournals.merge(&parts, limit: request.limit) {
            $0.underWay.orderedAt < $1.underWay.orderedAt
        } next: { part in
            part.effects.first.map { .element(Listed(shard: part.shard, underWay: $0)) } ?? .end
        } take: { part in
            part.last = part.effects.popFirst()?.effect.key
        }
        for part in parts { cursor.places[part.shard] = part.effects.isEmpty ? part.readTo ?? part.last : part.last }
        let hasMore = parts.contains { !$0.effects.isEmpty || $0.readTo != nil }
        return try encode(page, next: hasMore ? cursor.text : nil)
    }

    /// Whether a shard may have matching effects: those of one conversation are all in its shard.
    private func holdsSubject(_ reader: any JournalReader) throws(ShardFailure) -> Bool {
        if request.subject.isEmpty { return true }
        return try journals.read(reader) { (reader) throws(JournalError) in
            try reader.head(subject: request.subject) != nil
        }
    }

    /// The matching effects after a key: one more than the page needs, or as many as the scan limit allows.
    private func part(_ reader: any JournalReader, after key: EffectKey?) throws(ShardFailure) -> Part {
        let wanted = request.limit + 1
        var part = Part(shard: reader.shard.index, effects: [], last: key)
        if request.subject.isEmpty {
            let found = try journals.read(reader) { (reader) throws(JournalError) in
                try reader.openEffects(after: key, limit: wanted)
            }
            part.effects = found[...]
            return part
        }
        let subject = ExactText(request.subject)
        let step = min(limits.scanLimit, max(wanted, 1_000))
        var from = key
        for _ in 0..<max(1, limits.scanLimit / step) {
            let found = try journals.read(reader) { [from] (reader) throws(JournalError) in
                try reader.openEffects(after: from, limit: step)
            }
            part.effects += found.filter { ExactText($0.effect.subject) == subject }
            if found.count < step || part.effects.count >= wanted { return part }
            from = found.last?.effect.key
        }
        part.readTo = from
        return part
    }

    private func encode(_ page: [Listed], next: String?) throws(ShardFailure) -> [UInt8] {
        let calls = try calls(of: page)
        var timestamps = TimestampWriter()
        return journals.encode("effects", Array(zip(page, calls)), next: next) { element, object in
            let (listed, call) = element
            let effect = listed.underWay.effect
            object.add("subject", effect.subject)
            object.add("effect_id", effect.effectID)
            object.add("class", effect.effectClass.rawValue)
            object.add("kind", effect.kind)
            object.add("state", listed.underWay.state.rawValue)
            object.add("attempt", effect.attempt)
            object.add("cause", effect.causeID)
            object.add("cause_offset", listed.underWay.causeOffset)
            object.add("ordered_at", timestamps.text(listed.underWay.orderedAt))
            if let due = effect.dueAt { object.add("due_at", timestamps.text(due)) }
            guard let call else { return }
            object.add("tool_name", call.name)
            object.add("tool_call_id", call.id)
            let arguments = call.unreadableArguments ?? call.arguments
            object.add("arguments", Self.beginning(of: arguments))
            if arguments.utf8.count > Self.argumentBytes { object.add("arguments_bytes", arguments.utf8.count) }
        }
    }

    /// The calls of the tools' effects, from the generations that ordered them; nil for other effects, and if the
    /// generation's content was removed.
    private func calls(of page: [Listed]) throws(ShardFailure) -> [ToolCall?] {
        var known: [Int: [Position: [ToolCall]]] = [:]
        var found: [ToolCall?] = []
        for listed in page {
            let effect = listed.underWay.effect
            guard effect.effectClass == .tool,
                let reader = journals.readers.first(where: { $0.shard.index == listed.shard })
            else {
                found.append(nil)
                continue
            }
            let cause = effect.key.cause
            if known[listed.shard]?[cause] == nil {
                let record = try journals.read(reader) { (reader) throws(JournalError) in
                    try reader.record(at: cause)
                }
                known[listed.shard, default: [:]][cause] = Self.calls(in: record)
            }
            let calls = known[listed.shard]?[cause] ?? []
            found.append(calls.indices.contains(effect.key.ordinal) ? calls[effect.key.ordinal] : nil)
        }
        return found
    }

    private static func calls(in record: JournalRecord?) -> [ToolCall] {
        guard case .signal(let signal)? = record?.content else { return [] }
        return ToolCall.list(JSONObjectView(signal.data)?["tool_calls"])
    }

    /// A text, or the beginning of a long one, cut between characters.
    private static func beginning(of text: String) -> String {
        guard text.utf8.count > argumentBytes else { return text }
        var beginning = ""
        for character in text {
            guard beginning.utf8.count + String(character).utf8.count <= argumentBytes else { break }
            beginning.append(character)
        }
        return beginning
    }
}
