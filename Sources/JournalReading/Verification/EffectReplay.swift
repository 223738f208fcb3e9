import Conversation
import JournalPort
import Signals

/// Follows the lifecycle of effects through the records: each has one end or is open, and nothing comes after an end.
struct EffectReplay {
    /// Effects that were ordered or have begun, and have no end yet, with their conversations.
    private(set) var open: [EffectKey: ConversationID] = [:]
    /// Those of them that signals from outside can end, by the names that such signals use.
    private var names: [Name: [EffectKey]] = [:]
    /// Recent ends, to detect later signals: in two halves of up to `halfLimit` each.
    private var ended: Set<EffectKey> = []
    private var endedBefore: Set<EffectKey> = []
    private static let halfLimit = 50_000

    private let ids: DerivedIDs

    /// - Parameter ids: of the verified shard.
    init(ids: DerivedIDs) {
        self.ids = ids
    }

    private struct Name: Hashable {
        let conversation: ConversationID
        /// `conv.effect.llm.generation.`
        let type: String
        let effectID: String
    }

    /// An applied signal has ordered the effect.
    mutating func order(_ key: EffectKey, _ start: EffectStart, of conversation: ConversationID) {
        order(key, effectID: start.effectID, start.effectClass, of: conversation)
    }

    private mutating func order(
        _ key: EffectKey, effectID: String, _ effectClass: EffectClass, of conversation: ConversationID
    ) {
        open[key] = conversation
        let type = SignalType.effectPrefix(effectClass.rawValue, effectClass.kind)
        names[Name(conversation: conversation, type: type, effectID: effectID), default: []].append(key)
    }

    /// A signal from outside that reports the end of an effect is its end, if it has none yet.
    private mutating func takeOutside(_ signal: Signal, of record: JournalRecord) {
        guard Self.isEnd(signal.type), Family(type: signal.type) == .effect, !signal.isForked,
            let name = name(signal, of: record),
            let key = names[name]?.max(by: { ($0.cause, $0.ordinal) < ($1.cause, $1.ordinal) })
        else { return }
        end(key, name)
    }

    private mutating func end(_ key: EffectKey, _ name: Name?) {
        open[key] = nil
        if let name {
            names[name]?.removeAll { $0 == key }
            if names[name]?.isEmpty == true { names[name] = nil }
        }
        if ended.count >= Self.halfLimit {
            swap(&ended, &endedBefore)
            ended.removeAll(keepingCapacity: true)
        }
        ended.insert(key)
    }

    /// A lifecycle signal of an effect that Convey runs was recorded. For effects that others run, only the ends count.
    mutating func take(_ signal: Signal, of record: JournalRecord) throws(JournalDifference) {
        guard signal.source == DerivedSource.effects else { return takeOutside(signal, of: record) }
        // The effects of a forked conversation ran in the original one.
        guard !signal.isForked else { return }
        // The reducer cannot know whether there is a failed answer to retry: this signal says that there was one.
        if signal.type == SignalType.answerRetried, let key = ids.effectKey(retried: signal.id) {
            return order(
                key, effectID: JSONObjectView(signal.data)?["effect_id"]?.string ?? "", .llm, of: record.conversation)
        }
        guard let key = ids.effectKey(lifecycle: signal.id) else { return }
        guard !ended.contains(key), !endedBefore.contains(key) else {
            throw JournalDifference(
                .effect, "\(signal.id) was recorded after the end of effect \(key)", record, subject: signal.subject)
        }
        if let conversation = open[key], conversation != record.conversation {
            throw JournalDifference(
                .effect, "\(signal.id) reports on an effect of conversation \(conversation)", record,
                subject: signal.subject)
        }
        guard Self.isEnd(signal.type) else {
            open[key] = record.conversation
            return
        }
        end(key, name(signal, of: record))
    }

    /// The name of an effect in its lifecycle signals.
    private func name(_ signal: Signal, of record: JournalRecord) -> Name? {
        guard let effectID = JSONObjectView(signal.data)?["effect_id"]?.string,
            let dot = signal.type.lastIndex(of: ".")
        else { return nil }
        return Name(conversation: record.conversation, type: String(signal.type[...dot]), effectID: effectID)
    }

    /// Nothing can be checked any more for a conversation from which contents were removed.
    mutating func forget(_ conversation: ConversationID) {
        for (key, owner) in open where owner == conversation { open[key] = nil }
        for name in names.keys where name.conversation == conversation { names[name] = nil }
    }

    private static func isEnd(_ type: String) -> Bool {
        type.hasSuffix(".completed") || type.hasSuffix(".failed") || type.hasSuffix(".canceled")
    }
}
