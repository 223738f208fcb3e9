import Conversation
import JournalPort
import Signals

/// Taking signals into the journal.
extension Engine {
    /// Records an inbound signal, unless it is in the journal already.
    func record(_ inbound: InboundSignal) throws(JournalError) -> RecordOutcome {
        switch inbound {
        case .accepted(let signal):
            let hash = IdentityHash.of(subject: signal.subject, id: signal.id)
            if let known = try find(signal, hash: hash) {
                return .duplicate(id: signal.id, subject: signal.subject, offset: known.offset)
            }
            let record = try append(signal, hash: hash)
            if Family(type: signal.type) == .effect {
                try endFromOutside(signal, in: activate(subject: signal.subject))
            }
            return .recorded(id: signal.id, subject: signal.subject, offset: record.offset)
        case .rejected(let message):
            try recordRejection(message)
            return .rejected(subject: message.subject, message.rejection)
        }
    }

    /// A rejected message is journaled as an audit signal. Its id follows from its content, so that a message delivered
    /// again after a crash is recorded once; the same content published again on purpose gets its position added.
    private func recordRejection(_ message: RejectedMessage) throws(JournalError) {
        var content = StableHash()
        content.combine(message.topic)
        message.payload.withUnsafeBufferPointer { content.combine($0) }
        let subject = message.subject ?? ShardPartitions.nameless
        var id = ids.rejection(content.value)
        var signal = Signal(
            id: id, source: DerivedSource.ingress, type: SignalType.signalRejected, subject: subject, data: [])
        if try find(signal, hash: IdentityHash.of(subject: subject, id: id)) != nil {
            if message.mayBeRedelivery { return }
            id += "-\(nextPosition)"
            signal.id = id
        }
        signal.data = LifecycleData.rejection(id: id, message)
        try append(signal, hash: IdentityHash.of(subject: subject, id: id))
    }

    /// Gives a signal its place, writes it and hands it to its partition.
    /// - Parameter cause: where the signal's cause was recorded, when that is known; else it is looked up.
    @discardableResult
    func append(_ signal: Signal, hash: UInt64, cause: Position? = nil) throws(JournalError) -> JournalRecord {
        guard let family = Family(type: signal.type) else {
            preconditionFailure("a signal of type \(signal.type) passed the contract")
        }
        let conversation = try activate(subject: signal.subject)
        if conversation.isSetAside { return hold(signal, family: family, hash: hash, in: conversation) }
        let partition = conversation.record.partition
        let status: Scheduler.CauseStatus
        if let cause {
            status = partitions[partition].isPending(cause) ? .pending : .applied
        } else {
            status = try self.status(of: signal.cause, in: conversation)
        }
        let record = write(signal, family: family, hash: hash, in: conversation)
        if status == .unknown, parkedCount >= settings.parkedLimit {
            try bury(record, reason: .parkedLimit)
            return record
        }
        schedule(record.recorded(signal), in: conversation, cause: status)
        pending.insert(record.position)
        if family == .inbound, Priority(type: signal.type) == .control { urgent.append(partition) }
        return record
    }

    /// Hands a recorded signal to its partition: a new one, one that an earlier process left waiting, or a re-driven dead letter.
    func schedule(_ recorded: RecordedSignal, in conversation: ActiveConversation, cause: Scheduler.CauseStatus) {
        let partition = conversation.record.partition
        partitions[partition].enqueue(recorded, cause: cause, now: time.monotonic)
        conversation.pending += 1
        if ToolLoop.mayContinue(recorded.signal) { conversation.pendingTurns += 1 }
        giveTurn(to: partition)
    }

    /// Writes a signal, makes it findable, and publishes it unless it came in.
    func write(
        _ signal: Signal, family: Family, hash: UInt64, in conversation: ActiveConversation
    ) -> JournalRecord {
        let record = place(.signal(signal), family: family, in: conversation)
        recent.insert(hash, record.position)
        if family != .inbound {
            output.outbound.append(
                OutboundEvent(
                    record: record, subject: signal.subject, partition: conversation.record.partition, applied: nil))
        }
        return record
    }

    /// Writes a record at the next position.
    func place(
        _ content: JournalRecord.Content, family: Family, in conversation: ActiveConversation
    ) -> JournalRecord {
        let position = nextPosition
        nextPosition = position.next
        let place = conversation.record.advance(to: position, family: family)
        conversation.isDirty = true
        let record = JournalRecord(
            position: position, conversation: conversation.record.id, previous: place.previous, offset: place.offset,
            sequence: place.sequence, recordedAt: time.wall, content: content)
        batch.records.append(record)
        return record
    }

    /// The conversation of a subject of this shard: from memory, from the journal, or new.
    func activate(subject: String) throws(JournalError) -> ActiveConversation {
        if let known = conversations.find(subject: subject) { return known }
        if let saved = try journal.conversation(subject: subject) { return try admit(saved) }
        lastConversation += 1
        let created = ConversationRecord(
            id: ConversationID(lastConversation), subject: subject,
            partition: partitions.places.partition(of: subject))
        batch.createdConversations.append(created)
        return conversations.insert(created)
    }

    /// The record of a signal with the same subject, source and id.
    func find(_ signal: Signal, hash: UInt64) throws(JournalError) -> JournalRecord? {
        for position in try positions(identity: hash) {
            if let record = try record(at: position), let known = record.identity, known == SignalIdentity(signal),
                try isIn(signal.subject, record)
            {
                return record
            }
        }
        return nil
    }

    /// Whether a record belongs to the conversation of a subject.
    private func isIn(_ subject: String, _ record: JournalRecord) throws(JournalError) -> Bool {
        if case .signal(let signal) = record.content { return ExactText(signal.subject) == ExactText(subject) }
        return try journal.subject(of: record.conversation).map { ExactText($0) == ExactText(subject) } ?? false
    }

    /// What is known of a signal's cause: applied, when there is none or when it was recorded in its conversation and
    /// neither waits nor was set aside.
    func status(
        of cause: Cause, in conversation: ActiveConversation
    ) throws(JournalError) -> Scheduler.CauseStatus {
        switch cause {
        case .none: return .applied
        case .unsatisfiable: return .unknown
        case .signal(let id):
            let partition = conversation.record.partition
            let subject = conversation.record.subject
            if let position = ids.appliedPosition(marker: id), let record = try record(at: position),
                record.conversation == conversation.record.id, record.isSignal
            {
                return try status(ofRecord: position, partition: partition)
            }
            // Under one id there may be signals of several sources; one that is applied is enough.
            var best = Scheduler.CauseStatus.unknown
            let hash = IdentityHash.of(subject: subject, id: id)
            for position in try positions(identity: hash) where best != .applied {
                guard let record = try record(at: position), record.identity?.id == ExactText(id),
                    try isIn(subject, record)
                else { continue }
                switch try status(ofRecord: position, partition: partition) {
                case .applied: best = .applied
                case .pending: best = .pending
                case .unknown: break
                }
            }
            return best
        }
    }

    private func status(ofRecord position: Position, partition: Int) throws(JournalError) -> Scheduler.CauseStatus {
        if partitions[partition].isPending(position) { return .pending }
        // While recovering: it was recorded later than the signal that names it, or is that signal.
        if unqueued.contains(position) { return .unknown }
        if buried.contains(position) { return .unknown }
        // Re-driven by this transaction and applied by it, too.
        if batch.redrivenDeadLetters.contains(position) { return .applied }
        return try journal.isDeadLetter(position) ? .unknown : .applied
    }

    /// A record of this transaction or of an earlier one.
    func record(at position: Position) throws(JournalError) -> JournalRecord? {
        if let first = batch.records.first, position >= first.position {
            let index = Int(position.rawValue - first.position.rawValue)
            return index < batch.records.count ? batch.records[index] : nil
        }
        return try journal.record(at: position)
    }

    func giveTurn(to partition: Int) {
        guard !hasTurn[partition], partitions[partition].hasReady else { return }
        hasTurn[partition] = true
        turns.append(partition)
    }
}
