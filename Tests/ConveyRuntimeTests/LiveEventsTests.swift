import JournalReading
import JournalSupport
import Logging
import Synchronization
import Testing

import EffectPort
@testable import ConveyEngine
@testable import ConveyQueries
@testable import JournalPort
@testable import Signals

@Suite("Live events")
struct LiveEventsTests {
    @Test("A stream gives every event after its offset once, in order, and waits at the end")
    func everything() async throws {
        let harness = try LiveHarness(messages: 300)
        let queries = harness.queries()
        defer { queries.stop() }
        let watch = try #require(LiveFeed().watch("a"))
        let events = LiveEvents(watch: watch, queries: queries, after: 3)
        var offsets: [Int64] = []
        while case .events(let page) = try await events.next(within: .milliseconds(1)) { offsets += page.map(\.offset) }
        #expect(offsets == Array(4...harness.newest))
    }

    @Test("A stream without an offset begins with the next event")
    func fromNowOn() async throws {
        let harness = try LiveHarness(messages: 3)
        let queries = harness.queries()
        defer { queries.stop() }
        let watch = try #require(LiveFeed().watch("a"))
        let events = LiveEvents(watch: watch, queries: queries, after: nil)
        #expect(try await events.next(within: .milliseconds(1)) == .quiet)
    }

    @Test("A conversation that does not exist yet can be watched")
    func notYet() async throws {
        let harness = try LiveHarness(messages: 1)
        let queries = harness.queries()
        defer { queries.stop() }
        let watch = try #require(LiveFeed().watch("nobody"))
        let events = LiveEvents(watch: watch, queries: queries, after: nil)
        #expect(try await events.next(within: .milliseconds(1)) == .quiet)
    }

    @Test("A stream ends when its watch is given up")
    func givenUp() async throws {
        let harness = try LiveHarness(messages: 1)
        let queries = harness.queries()
        defer { queries.stop() }
        let watch = try #require(LiveFeed().watch("a"))
        let events = LiveEvents(watch: watch, queries: queries, after: nil)
        watch.end()
        await #expect(throws: CancellationError.self) { try await events.next(within: .seconds(30)) }
    }

    @Test("The end of a stream ends its watch")
    func endsWatch() throws {
        let feed = LiveFeed()
        let harness = try LiveHarness(messages: 1)
        var events: LiveEvents? = LiveEvents(
            watch: try #require(feed.watch("a")), queries: harness.queries(started: false), after: nil)
        #expect(events != nil && feed.watching == 1)
        events = nil
        #expect(feed.watching == 0)
    }
}

/// A journal with one conversation, `a`, and answers from it.
private final class LiveHarness: Sendable {
    private let batches: JournalBatch
    let newest: Int64

    init(messages: Int) throws {
        let journal = SimulatedJournal(SimulatedDisk(partitionCount: 1))
        let engine = try Engine(
            journal: journal, settings: EngineSettings(), time: EngineTime(wall: 0, monotonic: 0),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        for number in 0..<messages {
            var input = EngineInput()
            input.inbound = [
                .accepted(
                    Signal(
                        id: "s\(number)", source: "/test", type: "conv.in.note.taken", subject: "a",
                        data: Array(#"{"message_id":"m","ingress":"test"}"#.utf8)))
            ]
            _ = try engine.process(input, at: EngineTime(wall: Int64(number), monotonic: Int64(number)))
        }
        var batch = JournalBatch()
        batch.createdConversations = journal.disk.conversations.values.map {
            ConversationRecord(id: $0.id, subject: $0.subject, partition: $0.partition)
        }
        batch.records = journal.disk.records
        batches = batch
        newest = batch.records.last?.offset ?? 0
    }

    /// A service whose threads each have a copy of the journal.
    func queries(started: Bool = true) -> QueryService {
        let batch = batches
        let readers = ShardReaders { () throws(JournalError) in
            let copy = SimulatedJournal(SimulatedDisk(partitionCount: 1))
            try copy.commit(batch)
            return copy
        }
        let service = QueryService(
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, readers: readers)
        if started { service.start() }
        return service
    }
}
