import Conversation

/// Taking signals into the journal.
extension Engine {
    /// Records an inbound signal, unless it is in the journal already.
    func record(_ inbound: InboundSignal) throws(JournalError) -> RecordOutcome {
        switch inbound {
        case .accepted(let signal):
            let hash = IdentityIndex.hash(subject: signal.subject, id: signal.id)
            if let known = try find(signal, hash: hash) {
                return .duplicate(id: signal.id, subject: signal.subject, offset: known.offset)
            }
            let record = try append(signal, hash: hash)
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
        let subject = message.subject ?? "_"
        var id = DerivedID.rejection(content.value)
        var signal = Signal(
            id: id, source: DerivedSource.ingress, type: "conv.audit.signal.rejected", subject: subject, data: [])
        if try find(signal, hash: IdentityIndex.hash(subject: subject, id: id)) != nil {
            if message.mayBeRedelivery { return }
            id += "-\(nextPosition)"
            signal.id = id
        }
        signal.data = LifecycleData.rejection(id: id, message)
        try append(signal, hash: IdentityIndex.hash(subject: subject, id: id))
    }

    /// Gives a signal its place, writes it and hands it to its partition.
    /// - Parameter cause: where the signal's cause was recorded, when that is known; else it is looked up.
    @discardableResult
    func append(_ signal: Signal, hash: UInt64, cause: Position? = nil) throws(JournalError) -> JournalRecord {
        guard let family = Family(type: signal.type) else {
            preconditionFailure("a signal of type \(signal.type) passed the contract")
        }
        let conversation = try activate(subject: signal.subject)
        let partition = conversation.record.partition
        let isReady =
            if let cause { !partitions[partition].isPending(cause.rawValue) } else {
                try isApplied(signal.cause, in: conversation)
            }
        let record = place(.signal(signal), family: family, in: conversation)
        recent.insert(hash, record.position)
        if family != .inbound {
            output.outbound.append(
                OutboundEvent(record: record, subject: signal.subject, partition: partition, applied: nil))
        }
        if !isReady, parkedCount >= settings.parkedLimit {
            try bury(record, reason: .parkedLimit)
            return record
        }
        partitions[partition].enqueue(
            signal, position: record.position.rawValue, conversation: conversation.record.id.rawValue,
            offset: record.offset, causeIsApplied: isReady, now: time.monotonic)
        conversation.pending += 1
        giveTurn(to: partition)
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

    /// The conversation of a subject: from memory, from the journal, or new.
    func activate(subject: String) throws(JournalError) -> ActiveConversation {
        if let known = conversations.find(subject: subject) { return known }
        if let saved = try journal.conversation(subject: subject) { return conversations.insert(saved) }
        lastConversation += 1
        let created = ConversationRecord(
            id: ConversationID(lastConversation), subject: subject,
            partition: StableHash.partition(of: subject, count: partitions.count))
        batch.createdConversations.append(created)
        return conversations.insert(created)
    }

    /// The record of a signal with the same subject, source and id.
    private func find(_ signal: Signal, hash: UInt64) throws(JournalError) -> JournalRecord? {
        try firstRecord(identity: hash) { $0.id == signal.id && $0.subject == signal.subject && $0.source == signal.source }
    }

    /// Whether a signal need not wait: it has no cause, or the cause was recorded in its conversation and is applied.
    func isApplied(_ cause: Cause, in conversation: ActiveConversation) throws(JournalError) -> Bool {
        switch cause {
        case .none: return true
        case .unsatisfiable: return false
        case .signal(let id):
            let partition = conversation.record.partition
            let subject = conversation.record.subject
            if let position = DerivedID.appliedPosition(marker: id), let record = try record(at: position),
                record.conversation == conversation.record.id
            {
                return try isApplied(position, partition: partition)
            }
            let found = try firstRecord(identity: IdentityIndex.hash(subject: subject, id: id)) { candidate in
                candidate.id == id && candidate.subject == subject
            } where: { (record) throws(JournalError) in try self.isApplied(record.position, partition: partition) }
            return found != nil
        }
    }

    /// A recorded signal is applied when it neither waits nor was set aside.
    private func isApplied(_ position: Position, partition: Int) throws(JournalError) -> Bool {
        if partitions[partition].isPending(position.rawValue) || unqueued.contains(position) { return false }
        if batch.deadLetters.contains(where: { $0.position == position }) { return false }
        return try !journal.isDeadLetter(position)
    }

    /// The first record that a hash leads to and that really is what was looked for.
    private func firstRecord(
        identity hash: UInt64, matching: (Signal) -> Bool,
        where holds: (JournalRecord) throws(JournalError) -> Bool = { _ in true }
    ) throws(JournalError) -> JournalRecord? {
        for position in recent.positions(hash) {
            if let record = try record(at: position), case .signal(let signal) = record.content, matching(signal),
                try holds(record)
            {
                return record
            }
        }
        for position in try journal.positions(identity: hash) {
            if let record = try record(at: position), case .signal(let signal) = record.content, matching(signal),
                try holds(record)
            {
                return record
            }
        }
        return nil
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
