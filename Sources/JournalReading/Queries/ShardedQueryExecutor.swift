import Conversation
import JournalPort

/// Answers queries from the journals of all shards. Belongs to one thread.
///
/// The conversation's shard answers a query about one conversation. A list is merged from all shards. While a shard
/// cannot be read, lists have the member `unreadable_shards`, and queries about the shard's conversations fail.
package final class ShardedQueryExecutor {
    private let readers: ShardReaders
    private let limits: QueryLimits
    private let cacheBytes: Int
    private let onUnreadable: (Int, JournalError) -> Void
    private var layout: JournalLayout?
    private var executors: [Int: QueryExecutor] = [:]
    /// Shards that could not be read when they were last needed.
    private var unreadable: Set<Int> = []

    /// - Parameters:
    ///   - cacheBytes: memory for what is cached of conversations between queries, for all shards together.
    ///   - onUnreadable: called when a previously readable shard cannot be read for a list.
    package init(
        _ readers: ShardReaders, limits: QueryLimits = QueryLimits(), cacheBytes: Int? = nil,
        onUnreadable: @escaping (_ shard: Int, JournalError) -> Void = { _, _ in }
    ) {
        self.readers = readers
        self.limits = limits
        self.cacheBytes = cacheBytes ?? limits.cacheBytes
        self.onUnreadable = onUnreadable
    }

    /// The answer, possibly that of an error.
    /// - Parameter deadline: microseconds of the monotonic clock; nil for no limit.
    /// - Throws: if no shard that the answer needs can be read; the next query opens the journals again.
    package func answer(_ request: QueryRequest, deadline: Int64? = nil) throws(JournalError) -> QueryAnswer {
        let layout = try openedLayout()
        // A single shard answers everything itself.
        guard layout.shards > 1, !request.view.needsSubject else {
            return try using(shard(of: request.subject, layout)) { (executor) throws(JournalError) in
                try executor.answer(request, deadline: deadline)
            }
        }
        return try list(request, layout, QueryDeadline(microseconds: deadline))
    }

    /// See `QueryExecutor.follow`.
    package func follow(
        _ subject: String, after: Int64?, limit: Int, bytes: Int, deadline: Int64
    ) throws(JournalError) -> Result<LivePage, QueryError> {
        try using(shard(of: subject, openedLayout())) { (executor) throws(JournalError) in
            try executor.follow(subject, after: after, limit: limit, bytes: bytes, deadline: deadline)
        }
    }

    /// Lists or shows dead letters.
    /// - Throws: if no shard that the answer needs can be read.
    package func deadLetters(_ read: DeadLetterRead) throws(JournalError) -> DeadLetterPage {
        let layout = try openedLayout()
        switch read {
        case .list(let selection, let after, let limit):
            return try deadLetters(selection, after: after, limit: limit, layout)
        case .show(let place):
            let letter = try using(place.shard) { (executor) throws(JournalError) in
                try executor.reader.deadLetterDetails(at: place.position)
            }
            var page = DeadLetterPage()
            page.letters = letter.map { [Sharded(shard: place.shard, $0)] } ?? []
            return page
        }
    }

    private func deadLetters(
        _ selection: DeadLetterSelection, after start: ShardPosition, limit: Int, _ layout: JournalLayout
    ) throws(JournalError) -> DeadLetterPage {
        var page = DeadLetterPage()
        var missing: [Int: JournalError] = [:]
        var shard = start.shard
        while shard < layout.shards, page.letters.count < limit {
            do throws(JournalError) {
                let letters = try executor(shard).reader.deadLetterDetails(
                    selection, after: shard == start.shard ? start.position : .start,
                    limit: limit - page.letters.count)
                page.letters += letters.map { Sharded(shard: shard, $0) }
            } catch {
                executors[shard] = nil
                missing[shard] = error
            }
            shard += 1
        }
        if missing.count == shard - start.shard, let error = missing.values.first {
            self.layout = nil
            throw error
        }
        page.unreadable = missing.keys.sorted()
        note(missing, among: start.shard..<shard)
        return page
    }

    private func list(
        _ request: QueryRequest, _ layout: JournalLayout, _ deadline: QueryDeadline
    ) throws(JournalError) -> QueryAnswer {
        var missing: [Int: JournalError] = [:]
        while true {
            var journals = ShardJournals(count: layout.shards, deadline: deadline)
            for shard in 0..<layout.shards where missing[shard] == nil {
                do throws(JournalError) {
                    journals.readers.append(try executor(shard).reader)
                } catch {
                    missing[shard] = error
                }
            }
            if journals.readers.isEmpty, let error = missing.values.first {
                self.layout = nil
                throw error
            }
            journals.unreadable = missing.keys.sorted()
            do throws(ShardFailure) {
                let body = try journals.list(request, limits)
                note(missing, among: 0..<layout.shards)
                return QueryAnswer(status: 200, body: body)
            } catch {
                switch error {
                case .query(let error): return QueryAnswer(error)
                case .journal(let error, let shard):
                    executors[shard] = nil
                    missing[shard] = error
                }
            }
        }
    }

    /// - Parameter shards: the shards that a list needed.
    private func note(_ missing: [Int: JournalError], among shards: Range<Int>) {
        for (shard, error) in missing where !unreadable.contains(shard) { onUnreadable(shard, error) }
        unreadable.subtract(shards)
        unreadable.formUnion(missing.keys)
    }

    private func openedLayout() throws(JournalError) -> JournalLayout {
        if let layout { return layout }
        let found = try readers.layout()
        layout = found
        return found
    }

    private func shard(of subject: String, _ layout: JournalLayout) -> Int {
        layout.shards == 1 ? 0 : layout.shard(of: subject)
    }

    private func executor(_ shard: Int) throws(JournalError) -> QueryExecutor {
        if let known = executors[shard] { return known }
        let made = QueryExecutor(
            reader: try readers.open(shard), limits: limits, cacheBytes: cacheBytes / max(1, layout?.shards ?? 1))
        executors[shard] = made
        return made
    }

    /// Asks a shard. After a failure the shard is reopened, because its file may have been replaced.
    private func using<Answer>(
        _ shard: Int, _ body: (QueryExecutor) throws(JournalError) -> Answer
    ) throws(JournalError) -> Answer {
        do throws(JournalError) {
            return try body(executor(shard))
        } catch {
            executors[shard] = nil
            layout = nil
            throw error
        }
    }
}
