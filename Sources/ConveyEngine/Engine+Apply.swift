import Conversation
import JournalPort
import Signals

/// Applying what is ready.
extension Engine {
    /// Lets the partitions apply in turns until nothing is ready or the transaction's budget is used up.
    func applyReady() throws(JournalError) {
        while budget > 0, !turns.isEmpty {
            let round = turns
            turns.removeAll(keepingCapacity: true)
            for (index, partition) in round.enumerated() {
                guard budget > 0 else {
                    turns = round[index...] + turns
                    break
                }
                hasTurn[partition] = false
                let turn = min(settings.partitionTurn, budget)
                var applied = 0
                while applied < turn, budget > 0, try applyNext(in: partition) { applied += 1 }
                budget -= applied
                giveTurn(to: partition)
            }
        }
    }

    /// So many signals are made ready in the time that one application takes.
    private static let releasesAnApplication = 16

    /// A control signal is applied in the transaction that records it, whatever else waits to be applied or for the outbox.
    func applyUrgent() throws(JournalError) {
        for partition in urgent { _ = try applyNext(in: partition) }
        urgent.removeAll(keepingCapacity: true)
    }

    /// Applies one signal; false when none is ready.
    private func applyNext(in partition: Int) throws(JournalError) -> Bool {
        guard let selection = partitions[partition].select() else { return false }
        let position = selection.position
        let conversation = try activate(id: selection.conversation)
        let held = selection.signal
        guard let signal = held == nil ? try readSignal(at: position) : held else {
            try setAside(
                conversation, because: "record \(position), which waits to be applied, cannot be read")
            return true
        }
        if exceedsEffectLimit(signal, conversation) {
            partitions[partition].discard(selection)
            if let record = try waitingRecord(at: position) { try bury(record, reason: .effectLimit) }
            return true
        }
        let application = partitions[partition].apply(selection, signal: signal, to: &conversation.record.core)
        settle(position, signal, conversation)
        conversation.isDirty = true
        output.applied += 1
        // Making a signal ready costs a fraction of applying it; a cause that thousands wait for ends the transaction.
        budget -= application.released / Self.releasesAnApplication
        metrics.applySeconds.observe(Double(time.monotonic - selection.enqueuedAt) / 1_000)
        let applied = Applied(
            signal: signal, selection: selection, conversation: conversation, application: application)
        for directive in application.directives { try carryOut(directive, of: applied) }
        if ToolLoop.mayContinue(signal) { advanceTurn(conversation) }
        return true
    }

    /// A signal does not wait any more.
    private func settle(_ position: Position, _ signal: Signal, _ conversation: ActiveConversation) {
        conversation.pending -= 1
        if ToolLoop.mayContinue(signal) { conversation.pendingTurns -= 1 }
        pending.settle(position)
    }

    /// Effects that others run are part of a conversation's state until they end; a host that never ends them must not make
    /// the state grow for ever.
    private func exceedsEffectLimit(_ signal: Signal, _ conversation: ActiveConversation) -> Bool {
        conversation.record.core.state.inFlight.count >= settings.inFlightLimit
            && signal.source != DerivedSource.effects
            && Family(type: signal.type) == .effect
    }

    /// A signal just applied, for the directives it gave.
    private final class Applied {
        let signal: Signal
        let selection: PartitionMachine.Selection
        let conversation: ActiveConversation
        let application: PartitionMachine.Application
        var outputs = 0
        var effects = 0

        var position: Position { selection.position }
        var reference: SignalReference { SignalReference(id: signal.id, position: position) }

        init(
            signal: Signal, selection: PartitionMachine.Selection, conversation: ActiveConversation,
            application: PartitionMachine.Application
        ) {
            self.signal = signal
            self.selection = selection
            self.conversation = conversation
            self.application = application
        }
    }

    /// Turns a directive into what the transaction writes.
    private func carryOut(_ directive: Directive, of applied: Applied) throws(JournalError) {
        switch directive {
        case .emitAppliedMarker:
            emitMarker(applied)
        case .emitOutput(let output):
            try emit(output, of: applied)
        case .startEffect(let start):
            let key = EffectKey(cause: applied.position, ordinal: applied.effects)
            applied.effects += 1
            try open(
                start, key: key, signal: applied.signal, in: applied.conversation,
                startsCanceled: applied.application.startsCanceled)
        case .cancelEffects(let reason):
            for key in ledger.effects(of: applied.conversation.record.id) {
                try cancel(key, reason: reason, cause: applied.reference, endsTurn: true)
            }
        case .decide(let decision): try decide(decision, by: applied.reference, applied.signal)
        case .cancelEffect(let target): try cancel(target, by: applied.reference, applied.signal)
        }
    }

    private func emitMarker(_ applied: Applied) {
        let marker = Marker(
            appliedPosition: applied.position, applyOrder: applied.application.applyOrder,
            priority: applied.selection.priority,
            digest: applied.conversation.record.core.state.digest)
        let record = place(.marker(marker), family: .applied, in: applied.conversation)
        partitions[applied.conversation.record.partition].markApplied(
            unscheduled: ids.marker(of: applied.position), conversation: record.conversation)
        output.outbound.append(
            OutboundEvent(
                record: record, subject: applied.signal.subject, partition: applied.conversation.record.partition,
                applied: RecordedSignal(
                    signal: applied.signal, position: applied.position, conversation: record.conversation,
                    offset: applied.selection.offset, hash: applied.selection.hash)))
    }

    private func emit(_ output: Output, of applied: Applied) throws(JournalError) {
        let id = ids.output(of: applied.position, ordinal: applied.outputs)
        applied.outputs += 1
        let signal = Signal(
            id: id, source: DerivedSource.projections, type: output.type, subject: applied.signal.subject,
            cause: .signal(applied.signal.id), traceparent: applied.signal.traceparent,
            data: LifecycleData.output(output))
        try append(signal, hash: IdentityHash.of(subject: signal.subject, id: id), cause: applied.position)
    }

    /// A conversation that has pending signals: it is in memory, but for a start-up that has only just read their ids.
    func activate(id: ConversationID) throws(JournalError) -> ActiveConversation {
        if let known = conversations.find(id: id) { return known }
        guard let saved = try journal.conversation(id: id) else {
            throw JournalError(.damaged, "conversation \(id) has records but no row")
        }
        return try admit(saved)
    }

    /// The signal recorded at a position; nil where it cannot be read.
    func readSignal(at position: Position) throws(JournalError) -> Signal? {
        try record(at: position)?.intactSignal
    }

    /// Signals set aside in one transaction for want of their cause, those that wait for them not counted.
    private static let expiryLimit = 500

    /// Sets aside what has waited for its cause too long.
    func expireParked() throws(JournalError) {
        var room = Self.expiryLimit
        for index in partitions.numbers where partitions[index].parkedCount > 0 && room > 0 {
            let positions = partitions[index].expireParked(
                parkedUntil: time.monotonic - settings.causeTimeoutMilliseconds, limit: room)
            room -= positions.count
            for position in positions {
                guard let record = try waitingRecord(at: position) else { continue }
                try bury(record, reason: .causeTimeout)
            }
        }
    }

    /// A record that waited for its cause and does not any more; nil where it cannot be read: its conversation is then set
    /// aside.
    private func waitingRecord(at position: Position) throws(JournalError) -> JournalRecord? {
        guard let record = try record(at: position) else { return nil }
        guard let signal = record.intactSignal else {
            try setAside(
                activate(id: record.conversation),
                because: "record \(position), which waits for its cause, cannot be read")
            return nil
        }
        settle(position, signal, try activate(id: record.conversation))
        return record
    }

    /// Makes dead letters of a recorded signal and of everything that waits for it, directly or not.
    func bury(_ record: JournalRecord, reason: DeadLetter.Reason) throws(JournalError) {
        var graves = [(record, reason)]
        while let (record, reason) = graves.popLast() {
            guard case .signal(let signal) = record.content else {
                preconditionFailure("a marker (record \(record.position)) was scheduled")
            }
            try announceDeadLetter(record, signal, reason)
            let partition = try activate(id: record.conversation).record.partition
            for cause in [signal.id, ids.marker(of: record.position)] {
                for dependent in partitions[partition].abandon(
                    cause: cause, conversation: record.conversation)
                {
                    guard let record = try waitingRecord(at: dependent) else { continue }
                    graves.append((record, .causeDeadLettered))
                }
            }
        }
    }

    /// Writes a dead letter's row, and the signal that tells of it in its conversation.
    private func announceDeadLetter(
        _ record: JournalRecord, _ signal: Signal, _ reason: DeadLetter.Reason
    ) throws(JournalError) {
        buried.insert(record.position)
        batch.deadLetters.append(
            DeadLetter(position: record.position, conversation: record.conversation, reason: reason, at: time.wall))
        var id = ids.deadLetter(record.position)
        let hash = IdentityHash.of(subject: signal.subject, id: id)
        if try !positions(identity: hash).isEmpty {
            id = ids.deadLetter(record.position, again: nextPosition)
        }
        let notice = Signal(
            id: id, source: DerivedSource.scheduler, type: SignalType.signalDeadLettered, subject: signal.subject,
            data: LifecycleData.deadLetter(id: id, signal: signal, offset: record.offset, reason: reason))
        try append(notice, hash: IdentityHash.of(subject: signal.subject, id: id))
    }
}
