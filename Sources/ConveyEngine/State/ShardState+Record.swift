import Conversation
import JournalPort
import Signals

/// Recording signals in the journal.
extension ShardState {
    /// Records an inbound signal, unless it is already in the journal.
    mutating func record(_ inbound: InboundSignal, hash: UInt64) -> RecordOutcome {
        switch inbound {
        case .accepted(let signal):
            if let known = find(signal, hash: hash) {
                return .duplicate(id: signal.id, subject: signal.subject, offset: known.offset)
            }
            let record = append(signal, hash: hash)
            if Family(type: signal.type) == .effect {
                endFromOutside(signal, in: activate(subject: signal.subject))
            }
            return .recorded(id: signal.id, subject: signal.subject, offset: record.offset)
        case .rejected(let message):
            recordRejection(message, hash: hash)
            return .rejected(subject: message.subject, message.rejection)
        }
    }

    /// A rejected message is journaled as an audit signal. Its id is derived from its content, so that a message
    /// delivered again after a crash is recorded once; if the same content is published again on purpose, the id gets
    /// the position appended.
    private mutating func recordRejection(_ message: RejectedMessage, hash: UInt64) {
        var hash = hash
        var signal = Signal(
            id: rejectionID(message), source: DerivedSource.ingress, type: SignalType.signalRejected,
            subject: rejectionSubject(message), data: [])
        if find(signal, hash: hash) != nil {
            if message.mayBeRedelivery { return }
            signal.id += "-\(nextPosition)"
            hash = IdentityHash.of(subject: signal.subject, id: signal.id)
        }
        signal.data = LifecycleData.rejection(id: signal.id, message)
        append(signal, hash: hash)
    }

    func rejectionSubject(_ message: RejectedMessage) -> String { message.subject ?? ShardPartitions.nameless }

    func rejectionID(_ message: RejectedMessage) -> String {
        var content = StableHash()
        content.combine(message.topic)
        message.payload.withUnsafeBufferPointer { content.combine($0) }
        return ids.rejection(content.value)
    }

    /// Assigns a signal's place, writes it and hands it to its partition.
    /// - Parameter cause: the position of the signal's cause, if known; otherwise it is looked up.
    @discardableResult
    mutating func append(_ signal: Signal, hash: UInt64, cause: Position? = nil) -> JournalRecord {
        guard let family = Family(type: signal.type) else {
            preconditionFailure("a signal of type \(signal.type) passed the contract")
        }
        let conversation = activate(subject: signal.subject)
        if conversation.isSetAside { return hold(signal, family: family, hash: hash, in: conversation) }
        let partition = conversation.record.partition
        let status: Scheduler.CauseStatus
        if let cause {
            status = partitions[partition].isPending(cause) ? .pending : .applied
        } else {
            status = self.status(of: signal.cause, in: conversation)
        }
        let record = write(signal, family: family, hash: hash, in: conversation)
        if status == .unknown, partitions.parkedCount >= settings.parkedLimit {
            bury(record.recorded(signal), reason: .parkedLimit)
            return record
        }
        schedule(record.recorded(signal), in: conversation, cause: status)
        pending.insert(record.position)
        if family == .inbound, Priority(type: signal.type) == .control { transaction.urgent.append(partition) }
        return record
    }

    /// Hands a recorded signal to its partition: a new one, one left waiting by an earlier process, or a re-driven dead
    /// letter.
    mutating func schedule(
        _ recorded: RecordedSignal, in conversation: ActiveConversation, cause: Scheduler.CauseStatus
    ) {
        let partition = conversation.record.partition
        partitions[partition].enqueue(recorded, cause: cause, now: transaction.time.monotonic)
        conversation.pending += 1
        if ToolLoop.mayContinue(recorded.signal) { conversation.pendingTurns += 1 }
        giveTurn(to: partition)
    }

    /// Writes a signal, indexes it, and publishes it unless it is inbound.
    mutating func write(
        _ signal: Signal, family: Family, hash: UInt64, in conversation: ActiveConversation
    ) -> JournalRecord {
        let record = place(.signal(signal), family: family, in: conversation)
        recent.insert(hash, record.position)
        if family != .inbound {
            transaction.output.outbound.append(
                OutboundEvent(
                    record: record, subject: signal.subject, partition: conversation.record.partition, applied: nil))
        }
        return record
    }

    /// Writes a record at the next position.
    mutating func place(
        _ content: JournalRecord.Content, family: Family, in conversation: ActiveConversation
    ) -> JournalRecord {
        let position = nextPosition
        nextPosition = position.next
        let place = conversation.record.advance(to: position, family: family)
        conversation.isDirty = true
        let record = JournalRecord(
            position: position, conversation: conversation.record.id, previous: place.previous, offset: place.offset,
            sequence: place.sequence, recordedAt: transaction.time.wall, content: content)
        transaction.batch.records.append(record)
        return record
    }

    /// The conversation of a subject of this shard: from memory, or new.
    mutating func activate(subject: String) -> ActiveConversation {
        if let known = conversations.find(subject: subject) { return known }
        precondition(
            transaction.fetched.newSubjects.contains(ExactText(subject)), "conversation \(subject) was not fetched")
        lastConversation += 1
        let created = ConversationRecord(
            id: ConversationID(lastConversation), subject: subject,
            partition: partitions.places.partition(of: subject))
        transaction.batch.createdConversations.append(created)
        return conversations.insert(created)
    }

    /// A conversation that is in memory: it has pending signals, or was fetched.
    func active(_ id: ConversationID) -> ActiveConversation {
        guard let known = conversations.find(id: id) else { preconditionFailure("conversation \(id) was not fetched") }
        return known
    }

    // MARK: Finding

    /// The positions of signals with a hash.
    private func positions(identity hash: UInt64) -> [Position] {
        precondition(transaction.fetched.identities[hash] != nil, "identity \(hash) was not fetched")
        return knownPositions(identity: hash)
    }

    /// The record of a signal with the same subject, source and id.
    func find(_ signal: Signal, hash: UInt64) -> JournalRecord? {
        for position in positions(identity: hash) {
            if let record = transaction.record(at: position), let known = record.identity,
                known == SignalIdentity(signal), isIn(signal.subject, record)
            {
                return record
            }
        }
        return nil
    }

    /// Whether a record belongs to the conversation of a subject.
    private func isIn(_ subject: String, _ record: JournalRecord) -> Bool {
        if case .signal(let signal) = record.content { return ExactText(signal.subject) == ExactText(subject) }
        return conversations.find(subject: subject)?.record.id == record.conversation
    }

    /// The status of a signal's cause: it counts as applied if there is none, or if it was recorded in its conversation
    /// and neither waits nor was set aside.
    func status(of cause: Cause, in conversation: ActiveConversation) -> Scheduler.CauseStatus {
        switch cause {
        case .none: return .applied
        case .unsatisfiable: return .unknown
        case .signal(let id):
            let partition = conversation.record.partition
            let subject = conversation.record.subject
            if let position = ids.appliedPosition(marker: id), let record = transaction.record(at: position),
                record.conversation == conversation.record.id, record.isSignal
            {
                return status(ofRecord: position, partition: partition)
            }
            // Several sources may have signals with one id; one applied signal is enough.
            var best = Scheduler.CauseStatus.unknown
            let hash = IdentityHash.of(subject: subject, id: id)
            for position in positions(identity: hash) where best != .applied {
                guard let record = transaction.record(at: position), record.identity?.id == ExactText(id),
                    isIn(subject, record)
                else { continue }
                switch status(ofRecord: position, partition: partition) {
                case .applied: best = .applied
                case .pending: best = .pending
                case .unknown: break
                }
            }
            return best
        }
    }

    private func status(ofRecord position: Position, partition: Int) -> Scheduler.CauseStatus {
        if partitions[partition].isPending(position) { return .pending }
        // During recovery: it was recorded later than the signal that names it, or is that signal.
        if unqueued.contains(position) { return .unknown }
        if transaction.buried.contains(position) { return .unknown }
        // Re-driven and applied by this transaction.
        if transaction.batch.redrivenDeadLetters.contains(position) { return .applied }
        guard position <= transaction.committed else { return .applied }
        return transaction.fetched.deadLetter(at: position) == nil ? .applied : .unknown
    }

    mutating func giveTurn(to partition: Int) {
        guard !hasTurn[partition], partitions[partition].hasReady else { return }
        hasTurn[partition] = true
        turns.append(partition)
    }
}
