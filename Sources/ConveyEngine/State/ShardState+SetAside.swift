import EffectPort
import JournalPort
import Observability
import Signals

/// Damage to one conversation must not stop the others. Its saved data is rebuilt from its records; if that fails too,
/// it is set aside: its signals are recorded and wait, its effects and timers do not run, and the next start-up tries
/// again.
extension ShardState {
    /// A conversation that is set aside. Like others it is in memory.
    struct SetAside {
        var conversation: SetAsideConversation
        /// Signals that wait in it.
        var held = 0
    }

    mutating func noteRebuilt(_ conversation: ActiveConversation, because problem: String) {
        logger.warning(
            "a conversation was rebuilt from its records: its saved data could not be used",
            metadata: ["subject": "\(conversation.record.subject)", "reason": "\(problem)"])
        metrics.counters.conversationsRebuilt += 1
        untold.append(Untold(conversation: conversation, event: .rebuilt, reason: problem))
    }

    /// Removes a conversation from all processing. Its records, and the rows of its effects, stay unchanged.
    /// - Parameter saved: the loaded data: if it was already set aside for the same reason, that is not reported again.
    mutating func setAside(
        _ conversation: ActiveConversation, because reason: String, before saved: ConversationRecord.Damage? = nil
    ) {
        guard !conversation.isSetAside else { return }
        let id = conversation.record.id
        let subject = conversation.record.subject
        guard setAside.count < settings.setAsideLimit else {
            transaction.failure = JournalError(
                .corrupt,
                "more than \(settings.setAsideLimit) conversations cannot be loaded, which is more than damage to some of "
                    + "them; the last one is \(subject): \(reason)")
            return
        }
        conversation.record.damage = .setAside(reason)
        conversation.isDirty = true
        conversation.pending = 0
        conversation.pendingTurns = 0
        let withdrawn = partitions[conversation.record.partition].withdraw(conversation: id)
        for key in ledger.effects(of: id) {
            if let entry = ledger.close(key), entry.isRunning { transaction.output.orders.append(.stop(key)) }
        }
        setAside[id] = SetAside(
            conversation: SetAsideConversation(subject: subject, reason: reason), held: withdrawn)
        hasSetAside = true
        logger.error(
            "a conversation is set aside: its signals are recorded and wait; the others continue",
            metadata: [
                "subject": "\(subject)", "reason": "\(reason)",
                "help": "run convey verify, see docs/operations/running.md; a restart tries again",
            ])
        // At a start-up it was rebuilt first, and the obstacle still exists.
        let rebuilt = untold.firstIndex { $0.conversation === conversation && $0.event == .rebuilt }
        let earlier = rebuilt.map { untold.remove(at: $0).reason }
        if saved != .setAside(reason), earlier != reason {
            untold.append(Untold(conversation: conversation, event: .setAside, reason: reason))
        }
    }

    /// Notes that a conversation has records but no row, so that not even its subject is known.
    mutating func setAsideWithoutRow(_ id: ConversationID) {
        guard setAside[id] == nil else { return }
        let reason = "conversation \(id) has records but no row"
        setAside[id] = SetAside(conversation: SetAsideConversation(subject: nil, reason: reason))
        logger.error("a conversation is set aside", metadata: ["reason": "\(reason)"])
    }

    /// Sets a conversation aside at the end of the transaction, if it cannot be stopped in the middle of its current
    /// step.
    mutating func setAsideLater(_ conversation: ActiveConversation, because reason: String) {
        transaction.condemned.append((conversation, reason))
    }

    /// Records a signal of a conversation that is set aside. It is pending until the conversation can be loaded again;
    /// beyond the limit signals become dead letters, which an operator can re-drive then.
    mutating func hold(
        _ signal: Signal, family: Family, hash: UInt64, in conversation: ActiveConversation
    ) -> JournalRecord {
        let record = write(signal, family: family, hash: hash, in: conversation)
        let held = setAside[record.conversation]?.held ?? 0
        if held < settings.heldSignalLimit {
            pending.insert(record.position)
            setAside[record.conversation]?.held = held + 1
        } else {
            transaction.buried.insert(record.position)
            transaction.batch.deadLetters.append(
                DeadLetter(
                    position: record.position, conversation: record.conversation, reason: .setAside,
                    at: transaction.time.wall))
        }
        return record
    }

    /// Reports, in the conversations concerned, which were set aside or rebuilt since the last transaction, and saves
    /// these conversations in the same transaction: each is reported once, even after a crash.
    mutating func tellOfDamage() {
        for (conversation, reason) in transaction.condemned { setAside(conversation, because: reason) }
        guard !untold.isEmpty else { return }
        for news in untold {
            let subject = news.conversation.record.subject
            let id = ids.conversation(news.event.idPrefix, at: nextPosition)
            let notice = Signal(
                id: id, source: DerivedSource.recovery, type: news.event.signalType,
                subject: subject, data: LifecycleData.conversationDamage(id: id, news.event, reason: news.reason))
            append(notice, hash: IdentityHash.of(subject: subject, id: id))
        }
        let told = untold
        untold.removeAll()
        for news in told { news.conversation.isDirty = false }
        save(told.map(\.conversation.record))
    }

    /// An event of a conversation that is not recorded yet.
    struct Untold {
        enum Event: String {
            case setAside = "set_aside"
            case rebuilt

            var signalType: String {
                switch self {
                case .setAside: SignalType.conversationSetAside
                case .rebuilt: SignalType.conversationRebuilt
                }
            }

            var idPrefix: String {
                switch self {
                case .setAside: "set-aside"
                case .rebuilt: "rebuilt"
                }
            }
        }

        let conversation: ActiveConversation
        let event: Event
        let reason: String
    }
}
