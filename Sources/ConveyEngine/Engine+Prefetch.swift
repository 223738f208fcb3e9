import EffectPort
import Conversation
import JournalPort
import Signals

/// Reads the data that a transaction may need, before it begins.
extension Engine {
    /// Reads in rounds of one journal call each, until nothing is missing. Most transactions need one round: new
    /// signals of conversations in memory.
    func prefetch(_ input: EngineInput) throws(JournalError) {
        while true {
            let round = LookupRound(for: input, state)
            guard !round.isEmpty, try fetch(round) else { return }
        }
    }

    /// - Returns: whether the results may require another round.
    @discardableResult
    func fetch(_ round: LookupRound) throws(JournalError) -> Bool {
        let lookup = round.lookup
        var leadsOn = false
        if !lookup.isEmpty {
            let found = try journal.find(lookup)
            leadsOn = state.transaction.fetched.take(found, for: lookup)
            for row in found.subjects { if let row { try admit(row) } }
            for (id, row) in zip(lookup.conversations, found.conversations) { try admit(row, id: id) }
        }
        for key in round.texts { try restoreText(of: key) }
        for wish in round.retries {
            let found = try failedAnswer(wish)
            state.transaction.fetched.failedAnswers.updateValue(found, forKey: wish)
        }
        return leadsOn
    }

    @discardableResult
    private func admit(_ row: ConversationRecord?, id: ConversationID) throws(JournalError) -> ActiveConversation {
        if let known = state.conversations.find(id: id) { return known }
        guard let row else { throw JournalError(.damaged, "conversation \(id) has records but no row") }
        return try admit(row)
    }

    /// Loads a saved conversation into memory.
    @discardableResult
    func admit(_ saved: ConversationRecord) throws(JournalError) -> ActiveConversation {
        if let known = state.conversations.find(id: saved.id) { return known }
        let rebuild = ConversationRebuild(journal)
        guard let problem = try rebuild.problem(with: saved) else { return state.conversations.insert(saved) }
        switch try rebuild.rebuild(saved, last: state.transaction.committed) {
        case .success(let record):
            let conversation = state.conversations.insert(record)
            state.noteRebuilt(conversation, because: problem)
            return conversation
        case .failure(let failure):
            let conversation = state.conversations.insert(failure.counters)
            conversation.record.damage = nil
            state.setAside(conversation, because: failure.reason, before: saved.damage)
            return conversation
        }
    }

    // MARK: Streamed texts

    /// Reads back the streamed text of an effect's newest attempt: walks along the conversation, back to the attempt's
    /// start.
    private func restoreText(of key: EffectKey) throws(JournalError) {
        guard let entry = state.ledger.entry(key) else { return }
        let conversation = try load(entry.effect.conversation)
        state.ledger.restore(text: try streamedText(of: entry.effect, in: conversation), of: key)
    }

    private func load(_ id: ConversationID) throws(JournalError) -> ActiveConversation {
        if let known = state.conversations.find(id: id) { return known }
        return try admit(journal.conversation(id: id), id: id)
    }

    private static let textPage = 256

    private func streamedText(
        of effect: OpenEffect, in conversation: ActiveConversation
    ) throws(JournalError) -> String {
        let started = state.ids.effect(effect.key, attempt: effect.attempt, lifecycle: "started")
        let prefix = state.ids.deltas(effect.key, attempt: effect.attempt)
        var pieces: [String] = []
        var position = conversation.record.head
        while position > effect.key.cause {
            let links = try links(from: position)
            guard let last = links.last else { break }
            let named = links.filter { $0.signalID.map { $0 == started || $0.hasPrefix(prefix) } ?? false }
            for record in try journal.records(at: named.map(\.position)) {
                guard case .signal(let signal) = record.content, signal.source == DerivedSource.effects else {
                    continue
                }
                if signal.id == started { return pieces.reversed().joined() }
                if let text = JSONObjectView(signal.data)?["delta"]?.string { pieces.append(text) }
            }
            // Damage must not cause an endless loop.
            position = min(last.previous, Position(last.position.rawValue - 1))
        }
        return pieces.reversed().joined()
    }

    /// Empty where the chain cannot be followed.
    func links(from position: Position) throws(JournalError) -> [RecordLink] {
        do throws(JournalError) {
            return try journal.links(from: position, limit: Self.textPage)
        } catch {
            guard error.code == .damaged else { throw error }
            return []
        }
    }
}
