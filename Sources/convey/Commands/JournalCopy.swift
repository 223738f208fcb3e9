import JournalPort
import PostgresJournal
import Signals

/// Copies the journal of a data directory into an empty PostgreSQL database, shard by shard, with the same ids. An interrupted copy
/// continues where it stopped.
struct JournalCopy {
    let source: any JournalStore
    let target: PostgresStore

    private static let page = 1_000

    /// - Parameter progress: called with the number of copied records and the total.
    /// - Throws: `damaged` if something cannot be copied unchanged.
    func run(progress: (Int64, Int64) -> Void) throws(JournalError) {
        // Takes the lock, so that no other process can write during the copy.
        let layout = try source.prepare()
        var readers: [any VerifiableJournal] = []
        for shard in 0..<layout.shards { readers.append(try source.openVerifier(shard: shard)) }
        try target.prepareCopy(layout, tags: readers.map(\.shard.tag))
        var total: Int64 = 0
        for reader in readers { total += try reader.recoveryPoint().lastPosition.rawValue }
        var done: Int64 = 0
        for (shard, reader) in readers.enumerated() {
            let journal = try target.openWriter(shard: shard)
            defer { journal.release() }
            try copyConversations(from: reader, to: journal)
            try copyRecords(from: reader, to: journal) { progress(done + $0, total) }
            try copyRest(from: reader, to: journal)
            try compare(reader, journal, shard)
            done += try reader.recoveryPoint().lastPosition.rawValue
        }
        try target.finishCopy()
    }

    private func copyConversations(
        from reader: any VerifiableJournal, to journal: any Journal
    ) throws(JournalError) {
        var last = try journal.recoveryPoint().lastConversation
        while true {
            let page = try reader.conversations(after: last, in: .all, limit: Self.page)
            guard let end = page.last else { return }
            for conversation in page {
                switch conversation.damage {
                case .unreadable(let reason), .changed(let reason):
                    throw JournalError(
                        .damaged, "conversation \(conversation.subject) cannot be copied: \(reason); run convey verify")
                case .setAside, nil: break
                }
            }
            var batch = JournalBatch()
            batch.createdConversations = page
            try journal.commit(batch)
            last = end.id
        }
    }

    private func copyRecords(
        from reader: any VerifiableJournal, to journal: any Journal, progress: (Int64) -> Void
    ) throws(JournalError) {
        let point = try reader.recoveryPoint()
        var last = try journal.recoveryPoint().lastPosition
        while true {
            let page = try reader.records(after: last, limit: Self.page)
            guard let end = page.last else { return }
            var batch = JournalBatch()
            for record in page {
                guard record.position == last.next else {
                    throw JournalError(
                        .damaged, "records \(last.next) to \(record.position) are missing; run convey verify")
                }
                if let damage = record.damage { throw JournalError(.damaged, "\(damage); run convey verify") }
                last = record.position
                guard record.position <= point.checkpoint, let identity = record.identity,
                    let subject = try reader.subject(of: record.conversation)
                else { continue }
                batch.identities.append((IdentityHash.of(subject: subject, id: identity.id.text), record.position))
            }
            batch.records = page
            try journal.commit(batch)
            progress(end.position.rawValue)
        }
    }

    /// Copies open effects, dead letters and cursors. Skips those that an earlier run has copied.
    private func copyRest(from reader: any VerifiableJournal, to journal: any Journal) throws(JournalError) {
        var key = try lastEffect(of: journal)
        while true {
            let page = try reader.storedEffects(after: key, of: nil, limit: Self.page)
            guard let end = page.last else { break }
            var batch = JournalBatch()
            for row in page {
                switch row {
                case .open(let effect): batch.openedEffects.append(effect)
                case .unreadable(let effect):
                    throw JournalError(
                        .damaged, "the open effect \(effect.key) cannot be copied: \(effect.reason); run convey verify")
                }
            }
            try journal.commit(batch)
            key = end.key
        }
        var position = try lastDeadLetter(of: journal)
        while true {
            let page = try reader.deadLetters(after: position, conversation: nil, limit: Self.page)
            guard let end = page.last else { break }
            var batch = JournalBatch()
            batch.deadLetters = page
            try journal.commit(batch)
            position = end.position
        }
        try copyCursors(from: reader, to: journal)
    }

    private func lastEffect(of journal: any Journal) throws(JournalError) -> EffectKey? {
        var key: EffectKey?
        while let end = try journal.storedEffects(after: key, of: nil, limit: Self.page).last { key = end.key }
        return key
    }

    private func lastDeadLetter(of journal: any Journal) throws(JournalError) -> Position {
        var position = Position.start
        while let end = try journal.deadLetters(after: position, conversation: nil, limit: Self.page).last {
            position = end.position
        }
        return position
    }

    private func copyCursors(from reader: any VerifiableJournal, to journal: any Journal) throws(JournalError) {
        let point = try reader.recoveryPoint()
        var pending: [Position] = []
        while true {
            let page = try reader.pending(after: pending.last ?? .start, limit: Self.page)
            if page.isEmpty { break }
            pending += page
        }
        var batch = JournalBatch()
        batch.checkpoint = Checkpoint(
            through: point.checkpoint, pendingAdded: pending, pendingRemoved: [], applyOrders: point.applyOrders)
        batch.outboxCursor = point.outboxCursor
        try journal.commit(batch)
        // The outbox cursor is written when the shard is released.
    }

    private func compare(
        _ reader: any VerifiableJournal, _ journal: any Journal, _ shard: Int
    ) throws(JournalError) {
        let (was, now) = (try reader.recoveryPoint(), try journal.recoveryPoint())
        guard was == now else {
            throw JournalError(
                .damaged,
                "shard \(shard): the copy differs from its source. Copied \(now.lastPosition) of \(was.lastPosition) records"
            )
        }
    }
}
