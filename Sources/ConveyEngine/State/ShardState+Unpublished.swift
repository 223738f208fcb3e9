import JournalPort
import Signals

/// Events that the outbox has set aside.
extension ShardState {
    /// Records an audit signal about an event that the broker does not accept. It belongs to a separate conversation of
    /// this shard, because the event's subject may be what the broker rejects.
    mutating func setAside(_ event: UnpublishedEvent) {
        // If the broker rejects these, too, each would cause another one forever.
        guard event.type != SignalType.outboxSetAside else { return }
        let subject = partitions.places.namelessSubject
        let id = ids.setAside(event.position)
        let signal = Signal(
            id: id, source: DerivedSource.outbox, type: SignalType.outboxSetAside, subject: subject,
            data: LifecycleData.setAside(id: id, event))
        let hash = IdentityHash.of(subject: subject, id: id)
        // After a crash the outbox may encounter it again.
        guard find(signal, hash: hash) == nil else { return }
        append(signal, hash: hash)
    }
}
