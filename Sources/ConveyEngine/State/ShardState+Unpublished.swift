import JournalPort
import Signals

/// Events that the outbox has set aside.
extension ShardState {
    /// Records an audit signal about an event that the broker does not take. It belongs to a conversation of its own in this shard: the
    /// subject may be what the broker does not like.
    mutating func setAside(_ event: UnpublishedEvent) {
        // A broker that does not take these either would have one follow the other for ever.
        guard event.type != SignalType.outboxSetAside else { return }
        let subject = partitions.places.namelessSubject
        let id = ids.setAside(event.position)
        let signal = Signal(
            id: id, source: DerivedSource.outbox, type: SignalType.outboxSetAside, subject: subject,
            data: LifecycleData.setAside(id: id, event))
        let hash = IdentityHash.of(subject: subject, id: id)
        // After a crash the outbox may come to it again.
        guard find(signal, hash: hash) == nil else { return }
        append(signal, hash: hash)
    }
}
