import JournalPort
import Signals

/// Checks that a journal is consistent, by repeating everything that was recorded.
///
/// It only reads, page by page, so it works beside a running service: it checks what was committed when it began. Many
/// conversations are checked in several passes, so that memory stays bounded.
public struct JournalVerifier {
    public struct Limits: Sendable {
        /// Conversations whose state one pass keeps in memory: about 1 KiB each.
        public var conversationsPerPass = 100_000
        /// Records read at a time.
        public var page = 2_000
        /// Maximum number of times to repeat the check of a conversation that has grown meanwhile.
        public var tries = 20
        /// Conversations read at a time.
        public var conversationPage = 1_000

        public init() {}
    }

    /// The progress: records read, and the total.
    public struct Progress: Sendable {
        public var done: Int64
        public var total: Int64
    }

    private let journal: VerificationReader
    private let limits: Limits
    private var source: any VerifiableJournal { journal.source }

    /// - Parameter source: read only by the calling thread.
    public init(source: any VerifiableJournal, limits: Limits = Limits()) {
        journal = VerificationReader(source: source)
        self.limits = limits
    }

    /// Verifies everything.
    /// - Parameter progress: called after each page.
    /// - Throws: if the journal cannot be read at the moment. The report contains errors in its contents.
    public func verifyAll(progress: (Progress) -> Void = { _ in }) throws(JournalError) -> VerificationReport {
        try report { (report) throws(VerificationStop) in
            let storage = try journal.reading("the file") { () throws(JournalError) in try source.storageProblems() }
            if let first = storage.first { throw .difference(JournalDifference(.storage, first)) }
            let point = try journal.recoveryPoint()
            let conversations = Int(point.lastConversation.rawValue)
            let needed = max(1, (conversations + limits.conversationsPerPass - 1) / limits.conversationsPerPass)
            let passes = min(needed, source.partitionCount)
            for pass in 0..<passes {
                try verify(
                    ConversationSlice(count: passes, index: pass), report: &report, progress: progress)
            }
        }
    }

    /// Verifies one conversation, by its chain through the journal.
    /// - Returns: nil if there is no such conversation.
    public func verify(subject: String) throws(JournalError) -> VerificationReport? {
        guard let row = try source.conversation(subject: subject) else { return nil }
        return try report { (report) throws(VerificationStop) in
            _ = try verifyChain(of: row.id, report: &report) { true }
        }
    }

    /// Verifies one conversation.
    /// - Parameter pace: called after each page of records; false ends the verification.
    /// - Returns: nil if there is no such conversation, or `pace` has ended the verification.
    public func verify(
        conversation id: ConversationID, pace: () -> Bool = { true }
    ) throws(JournalError) -> VerificationReport? {
        guard try source.conversation(id: id) != nil else { return nil }
        var isWhole = true
        let report = try report { (report) throws(VerificationStop) in
            isWhole = try verifyChain(of: id, report: &report, pace: pace)
        }
        return isWhole || report.difference != nil ? report : nil
    }

    /// Verifies random conversations, each at most once, until a difference is found.
    public func verifySample(
        _ count: Int, random: inout some RandomNumberGenerator, progress: (Progress) -> Void = { _ in }
    ) throws(JournalError) -> VerificationReport {
        let last = try source.recoveryPoint().lastConversation.rawValue
        var sum = VerificationReport()
        guard last > 0 else { return sum }
        var chosen: Set<Int64> = []
        while chosen.count < min(count, Int(last)) { chosen.insert(Int64.random(in: 1...last, using: &random)) }
        for (index, id) in chosen.sorted().enumerated() {
            guard let report = try verify(conversation: ConversationID(id)) else {
                sum.difference = JournalDifference(.conversation, "conversation \(id) has no row")
                return sum
            }
            sum.add(report)
            progress(Progress(done: Int64(index + 1), total: Int64(chosen.count)))
            if sum.difference != nil { return sum }
        }
        return sum
    }

    private func report(
        _ body: (inout VerificationReport) throws(VerificationStop) -> Void
    ) throws(JournalError) -> VerificationReport {
        var report = VerificationReport()
        do {
            try body(&report)
        } catch {
            switch error {
            case .difference(let difference): report.difference = difference
            case .journal(let error): throw error
            }
        }
        return report
    }

    // MARK: Everything

    /// One pass over all records, for the conversations of a slice.
    private func verify(
        _ slice: ConversationSlice, report: inout VerificationReport, progress: (Progress) -> Void
    ) throws(VerificationStop) {
        // Read the rows first, so that none of them is newer than the last position.
        var rows: [ConversationRecord] = []
        var lastRow = ConversationID(0)
        while true {
            let page = try journal.reading("the conversations") { () throws(JournalError) in
                try source.conversations(after: lastRow, in: slice, limit: limits.conversationPage)
            }
            rows += page
            guard let last = page.last else { break }
            lastRow = last.id
        }
        let letters = slice.index == 0 ? try lastDeadLetter() : .start
        let point = try journal.recoveryPoint()
        var replay = JournalReplay(scope: .partitions, journal: journal, point: point)
        for row in rows {
            guard row.through <= point.lastPosition else {
                throw .difference(
                    JournalDifference(
                        .savedConversation,
                        "it is saved as of position \(row.through), but the journal ends at \(point.lastPosition)",
                        subject: row.subject))
            }
            try replay.follow(row)
        }
        let known = rows.last?.id.rawValue ?? 0
        rows = []
        let isFirst = slice.index == 0
        if isFirst { try checkCursors(point, lastDeadLetter: letters) }
        var sum = IdentitySum()
        var skipped: Set<Int64> = []
        var position = Position.start
        while position < point.lastPosition {
            let page = try readPage(after: position, through: point.lastPosition)
            for record in page {
                try skipDeleted(after: &position, before: record.position, &replay)
                guard record.position == position.next else { throw gap(after: position, before: record.position) }
                position = record.position
                if case .unreadable(let reason, _) = record.content {
                    let subject = try journal.reading("conversation \(record.conversation)") {
                        () throws(JournalError) in
                        try source.subject(of: record.conversation)
                    }
                    throw .difference(JournalDifference(.unreadable, reason, record, subject: subject))
                }
                if isFirst, position <= point.checkpoint, case .signal(let signal) = record.content {
                    sum.add(hash: IdentityHash.of(subject: signal.subject, id: signal.id), position: position)
                }
                if !replay.includes(record.conversation) {
                    // In another slice, or begun after the rows were read.
                    if slice.count > 1, record.conversation.rawValue <= known { continue }
                    if skipped.contains(record.conversation.rawValue) { continue }
                    guard try followNew(record, slice, &replay) else {
                        skipped.insert(record.conversation.rawValue)
                        continue
                    }
                }
                try replay.take(record)
            }
            progress(
                Progress(
                    done: Int64(slice.index) * point.lastPosition.rawValue + position.rawValue,
                    total: Int64(slice.count) * point.lastPosition.rawValue))
            if page.isEmpty { try skipDeleted(after: &position, before: point.lastPosition.next, &replay) }
        }
        report.through = point.lastPosition
        report.signals += replay.signals
        report.markers += replay.markers
        report.removed += replay.removed
        report.conversations += replay.conversationCount
        if isFirst { report.deleted = replay.deleted }
        try replay.finish()
        if isFirst {
            try checkIdentities(sum, through: point.checkpoint, hasAll: report.removed + report.deleted == 0)
        }
    }

    /// Advances to the position before the next record; everything missing up to there must have been deleted.
    private func skipDeleted(
        after position: inout Position, before next: Position, _ replay: inout JournalReplay
    ) throws(VerificationStop) {
        while position.next < next {
            let first = position.next
            guard let range = try journal.deletedPositions(around: first) else {
                throw gap(after: position, before: next)
            }
            // The range may have grown since the record was read.
            let last = min(range.upperBound.rawValue, next.rawValue - 1)
            replay.skip(Int(last - position.rawValue))
            position = Position(last)
        }
    }

    /// Adds a conversation that began after the rows had been read; false if it is not in this slice.
    private func followNew(
        _ record: JournalRecord, _ slice: ConversationSlice, _ replay: inout JournalReplay
    ) throws(VerificationStop) -> Bool {
        let row = try journal.conversation(record.conversation)
        guard let row else {
            throw .difference(
                JournalDifference(
                    .conversation, "conversation \(record.conversation) has records but no row", record, subject: nil))
        }
        guard slice.contains(partition: row.partition) else { return false }
        // The saved state may by now be newer than the last position.
        try replay.follow(ConversationRecord(id: row.id, subject: row.subject, partition: row.partition))
        return true
    }

    private func gap(after position: Position, before next: Position) -> VerificationStop {
        .difference(
            JournalDifference(
                .position,
                next <= position
                    ? "position \(next) is repeated after \(position)"
                    : "the positions \(position.next) to \(next.rawValue - 1) are missing",
                position: position.next))
    }

    /// The last dead letter, in pages: there are few.
    private func lastDeadLetter() throws(VerificationStop) -> Position {
        var last = Position.start
        while true {
            let page = try journal.reading("the dead letters") { () throws(JournalError) in
                try source.deadLetters(after: last, conversation: nil, limit: limits.page)
            }
            guard let newest = page.last else { return last }
            last = newest.position
        }
    }

    /// No record exists beyond the last one: a reference to such a record proves that the journal has lost its end.
    private func checkCursors(_ point: RecoveryPoint, lastDeadLetter: Position) throws(VerificationStop) {
        let known = [
            ("the newest dead letter", lastDeadLetter), ("the newest pending signal", point.newestPending),
            ("the newest open effect", point.newestEffectCause),
        ]
        for (name, position) in known where position > point.lastPosition {
            throw .difference(
                JournalDifference(
                    .cursor, "\(name) is at position \(position), but the journal ends at \(point.lastPosition)"))
        }
        for (name, cursor) in [("outbox", point.outboxCursor), ("checkpoint", point.checkpoint)]
        where cursor < .start || cursor > point.lastPosition {
            throw .difference(
                JournalDifference(
                    .cursor, "the \(name) cursor is at \(cursor), but the journal ends at \(point.lastPosition)"))
        }
    }

    /// - Parameter hasAll: if false, the identities of some signals are no longer known, so only the others are looked
    ///   up.
    private func checkIdentities(
        _ expected: IdentitySum, through checkpoint: Position, hasAll: Bool
    ) throws(VerificationStop) {
        let found = try journal.reading("the identity index") { () throws(JournalError) in
            try source.identitySum(through: checkpoint)
        }
        guard found != expected else { return }
        var position = Position.start
        while position < checkpoint {
            let page = try readPage(after: position, through: checkpoint)
            guard let last = page.last else { break }
            for record in page {
                guard case .signal(let signal) = record.content else { continue }
                let hash = IdentityHash.of(subject: signal.subject, id: signal.id)
                guard try journal.positions(identity: hash).contains(record.position) else {
                    throw .difference(
                        JournalDifference(
                            .identities, "\(signal.id) is not in the identity index", record, subject: signal.subject))
                }
            }
            position = last.position
        }
        guard hasAll else { return }
        throw .difference(
            JournalDifference(
                .identities,
                "the identity index has \(found.count) entries up to position \(checkpoint), the records \(expected.count)"
            ))
    }

    // MARK: One conversation

    /// The conversation's newest record and all data stored beside the records, as of one moment.
    private func moment(
        of id: ConversationID
    ) throws(VerificationStop) -> (head: ConversationHead, row: ConversationRecord, point: RecoveryPoint)? {
        for _ in 0..<limits.tries {
            let before = try journal.head(of: id)
            let row = try journal.conversation(id)
            let point = try journal.recoveryPoint()
            guard let row, let head = try journal.head(of: id) else { return nil }
            if before == head { return (head, row, point) }
        }
        throw .journal(
            JournalError(.busy, "conversation \(id) grows faster than it can be verified; verify the whole journal"))
    }

    /// - Returns: false if `pace` has ended it.
    private func verifyChain(
        of id: ConversationID, report: inout VerificationReport, pace: () -> Bool
    ) throws(VerificationStop) -> Bool {
        guard let (head, row, point) = try moment(of: id) else { return true }
        guard let chain = try chain(from: head.position, of: row, pace: pace) else { return false }
        var replay = JournalReplay(scope: .conversations, journal: journal, point: point)
        try replay.follow(row)
        for (index, position) in chain.enumerated() {
            guard let record = try journal.record(at: position) else {
                throw gap(after: position, before: position.next)
            }
            try replay.take(record)
            if index % limits.page == limits.page - 1, !pace() { return false }
        }
        try replay.finish()
        report.signals = replay.signals
        report.markers = replay.markers
        report.removed = replay.removed
        report.conversations = 1
        report.through = point.lastPosition
        return true
    }

    /// The positions of the conversation's records up to its head, in record order: 8 bytes each.
    private func chain(
        from head: Position, of row: ConversationRecord, pace: () -> Bool
    ) throws(VerificationStop) -> [Position]? {
        var positions: [Position] = []
        var position = head
        while position > .start {
            let record = try journal.record(at: position)
            if record == nil, try journal.isDeleted(position) { break }
            guard let record, record.conversation == row.id, record.previous < position else {
                throw .difference(
                    JournalDifference(
                        .chain,
                        "the conversation's chain leads to position \(position), which is not one of its records",
                        subject: row.subject, position: position))
            }
            positions.append(position)
            position = record.previous
            if positions.count % limits.page == 0, !pace() { return nil }
        }
        return positions.reversed()
    }

    // MARK: Reading

    private func readPage(after position: Position, through end: Position) throws(VerificationStop) -> [JournalRecord] {
        let page = try journal.reading("the records after position \(position)") { () throws(JournalError) in
            try source.records(after: position, limit: limits.page)
        }
        return page.last.map { $0.position <= end } ?? true ? page : page.filter { $0.position <= end }
    }
}
