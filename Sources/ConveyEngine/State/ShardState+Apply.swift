import EffectPort
import Conversation
import JournalPort
import Signals

/// Applies ready signals.
extension ShardState {
    /// Lets the partitions apply in turn until nothing more can be applied or the transaction's budget is used up.
    mutating func applyReady() {
        var stuck: [Int] = []
        while transaction.budget > 0, !turns.isEmpty {
            let round = turns
            turns.removeAll(keepingCapacity: true)
            for (index, partition) in round.enumerated() {
                guard transaction.budget > 0 else {
                    turns = round[index...] + turns
                    break
                }
                let turn = min(settings.partitionTurn, transaction.budget)
                var applied = 0
                var step = Step.applied
                while applied < turn, transaction.budget > 0 {
                    step = applyNext(in: partition)
                    guard step == .applied else { break }
                    applied += 1
                }
                transaction.budget -= applied
                if step == .lacking {
                    stuck.append(partition)
                } else {
                    hasTurn[partition] = false
                    giveTurn(to: partition)
                }
            }
        }
        turns = stuck + turns
    }

    /// The number of signals made ready in the time of one application.
    private static let releasesAnApplication = 16

    /// A control signal is applied in the transaction that records it, whatever else waits for application or for the
    /// outbox.
    mutating func applyUrgent() {
        for partition in transaction.urgent { _ = applyNext(in: partition) }
        transaction.urgent.removeAll(keepingCapacity: true)
    }

    private enum Step {
        case applied
        case nothingReady
        /// The next signal needs data that are not in memory; the next transaction fetches them.
        case lacking
    }

    /// Applies one signal.
    private mutating func applyNext(in partition: Int) -> Step {
        guard let next = partitions[partition].next() else { return .nothingReady }
        if let lacking = lacks(next) {
            wanted = wanted.union(lacking)
            return .lacking
        }
        let conversation = active(next.conversation)
        guard let signal = next.isReleased ? transaction.signal(at: next.position) : next.signal else {
            setAside(
                conversation, because: "record \(next.position), which waits to be applied, cannot be read")
            return .applied
        }
        if exceedsEffectLimit(signal, conversation) {
            partitions[partition].discard(next)
            settle(next.position, signal, conversation)
            bury(
                RecordedSignal(
                    signal: signal, position: next.position, conversation: next.conversation, offset: next.offset,
                    hash: next.hash),
                reason: .effectLimit)
            return .applied
        }
        apply(next, signal, to: conversation)
        return .applied
    }

    private mutating func apply(
        _ next: PartitionMachine.Selection, _ signal: Signal, to conversation: ActiveConversation
    ) {
        let partition = conversation.record.partition
        let application = partitions[partition].apply(next, signal: signal, to: &conversation.record.core)
        settle(next.position, signal, conversation)
        redriven.remove(next.position)
        conversation.isDirty = true
        transaction.output.applied += 1
        // Making a signal ready costs a fraction of applying it; a cause with thousands of dependents ends the
        // transaction.
        transaction.budget -= application.released / Self.releasesAnApplication
        metrics.applySeconds.observe(Double(transaction.time.monotonic - next.enqueuedAt) / 1_000)
        if conversation.record.core.configured == next.position {
            keepConfiguration(signal, next.position, conversation)
        }
        let applied = Applied(
            signal: signal, selection: next, conversation: conversation, application: application)
        for directive in application.directives { carryOut(directive, of: applied) }
        if ToolLoop.mayContinue(signal) { advanceTurn(conversation) }
    }

    /// Effects that others run are part of a conversation's state until they end; a host that never ends them must not
    /// let the state grow without limit.
    private func exceedsEffectLimit(_ signal: Signal, _ conversation: ActiveConversation) -> Bool {
        conversation.record.core.state.inFlight.count >= settings.inFlightLimit
            && signal.source != DerivedSource.effects
            && Family(type: signal.type) == .effect
    }

    /// The signal just applied, for the directives it caused.
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

    /// Turns a directive into the transaction's records.
    private mutating func carryOut(_ directive: Directive, of applied: Applied) {
        switch directive {
        case .emitAppliedMarker:
            emitMarker(applied)
        case .emitOutput(let output):
            emit(output, of: applied)
        case .startEffect(let start):
            let key = EffectKey(cause: applied.position, ordinal: applied.effects)
            applied.effects += 1
            transaction.causes[applied.position] = applied.signal
            open(
                start, key: key, cause: applied.signal, orderedBy: applied.reference, in: applied.conversation,
                startsCanceled: applied.application.startsCanceled)
        case .cancelEffects(let reason):
            for key in ledger.effects(of: applied.conversation.record.id) {
                cancel(key, reason: reason, cause: applied.reference, endsTurn: true)
            }
        case .retryAnswer(let target):
            retry(
                target, by: applied.reference, applied.signal, offset: applied.selection.offset,
                in: applied.conversation, startsCanceled: applied.application.startsCanceled)
        case .decide(let decision): decide(decision, by: applied.reference, applied.signal)
        case .cancelEffect(let target): cancel(target, by: applied.reference, applied.signal)
        }
    }

    private mutating func emitMarker(_ applied: Applied) {
        let marker = Marker(
            appliedPosition: applied.position, applyOrder: applied.application.applyOrder,
            priority: applied.selection.priority,
            digest: applied.conversation.record.core.state.digest)
        let record = place(.marker(marker), family: .applied, in: applied.conversation)
        partitions[applied.conversation.record.partition].markApplied(
            unscheduled: ids.marker(of: applied.position), conversation: record.conversation)
        transaction.output.outbound.append(
            OutboundEvent(
                record: record, subject: applied.signal.subject, partition: applied.conversation.record.partition,
                applied: RecordedSignal(
                    signal: applied.signal, position: applied.position, conversation: record.conversation,
                    offset: applied.selection.offset, hash: applied.selection.hash)))
    }

    private mutating func emit(_ output: Output, of applied: Applied) {
        let id = ids.output(of: applied.position, ordinal: applied.outputs)
        applied.outputs += 1
        let signal = Signal(
            id: id, source: DerivedSource.projections, type: output.type, subject: applied.signal.subject,
            cause: .signal(applied.signal.id), traceparent: applied.signal.traceparent,
            data: LifecycleData.output(output))
        append(signal, hash: IdentityHash.of(subject: signal.subject, id: id), cause: applied.position)
    }
}
