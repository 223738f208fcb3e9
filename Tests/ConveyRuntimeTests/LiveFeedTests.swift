import Synchronization
import Testing

@testable import ConveyQueries
@testable import JournalPort
@testable import Signals

@Suite("Live feed")
struct LiveFeedTests {
    @Test("A commit wakes the watchers of its conversation, and nobody else")
    func wakes() async throws {
        let feed = LiveFeed()
        let one = try #require(feed.watch("one"))
        let other = try #require(feed.watch("other"))
        feed.committed([event("one", conversation: 1)])
        #expect(await one.change(within: .seconds(10)))
        #expect(await !other.change(within: .zero))
    }

    @Test("Commits by others or of unknown outcome wake all watches")
    func unseen() async throws {
        let feed = LiveFeed()
        let one = try #require(feed.watch("one"))
        let other = try #require(feed.watch("other"))
        feed.committedUnseen()
        #expect(await one.change(within: .seconds(10)))
        #expect(await other.change(within: .seconds(10)))
    }

    @Test("Commits between two waits are not lost, and many commits are one change")
    func coalesces() async throws {
        let feed = LiveFeed()
        let watch = try #require(feed.watch("one"))
        for _ in 0..<1_000 { feed.committed([event("one", conversation: 1)]) }
        #expect(await watch.change(within: .seconds(10)))
        #expect(await !watch.change(within: .zero))
    }

    @Test("Subjects are bytes: another spelling of the same letters is another conversation")
    func spelling() async throws {
        let feed = LiveFeed()
        let watch = try #require(feed.watch("caf\u{e9}"))
        feed.committed([event("cafe\u{301}", conversation: 1)])
        #expect(await !watch.change(within: .zero))
    }

    @Test("The number of watches is bounded, and an ended one makes room")
    func bounded() throws {
        let feed = LiveFeed(limit: 2)
        let first = try #require(feed.watch("a"))
        _ = try #require(feed.watch("a"))
        #expect(feed.watch("b") == nil)
        first.end()
        first.end()
        #expect(feed.watching == 1)
        #expect(feed.watch("b") != nil)
    }

    @Test("The client with most watches loses its newest one to a client with fewer, and to nobody else")
    func shares() async throws {
        let feed = LiveFeed(limit: 4)
        let many = try (0..<4).map { _ in try #require(feed.watch("a", holder: "many")) }
        #expect(feed.watch("a", holder: "many") == nil)
        let one = try #require(feed.watch("b", holder: "few"))
        #expect(many.map(\.isEnded) == [false, false, false, true])
        #expect(feed.watching == 4)
        // Two and two are balanced.
        _ = try #require(feed.watch("b", holder: "few"))
        #expect(feed.watch("b", holder: "few") == nil)
        #expect(many.map(\.isEnded) == [false, false, true, true] && !one.isEnded)
        many.forEach { $0.end() }
        #expect(feed.watching == 2)
    }

    @Test("Ending a watch, or cancelling the task, releases its waiter")
    func letsGo() async throws {
        let feed = LiveFeed()
        let ended = try #require(feed.watch("a"))
        async let waiting = ended.change(within: .seconds(60))
        ended.end()
        #expect(await !waiting)
        let cancelled = try #require(feed.watch("a"))
        // Awaited below.
        let task = Task { await cancelled.change(within: .seconds(60)) }
        task.cancel()
        #expect(await !task.value)
    }

    @Test("However commits and waits interleave, a waiter learns of the last commit", .timeLimit(.minutes(1)))
    func losesNothing() async throws {
        let feed = LiveFeed()
        let watch = try #require(feed.watch("a"))
        let commits = 400
        let made = Atomic(0)
        let change = event("a", conversation: 1)
        async let committing: Void = {
            for number in 1...commits {
                made.store(number, ordering: .releasing)
                feed.committed([change])
                // Now and then a pause about as long as the feed's own.
                if number % 20 == 0 { try? await Task.sleep(for: .milliseconds(number % 7 * 10)) }
            }
        }()
        while made.load(ordering: .acquiring) < commits {
            #expect(await watch.change(within: .seconds(30)))
        }
        await committing
        // The last commit may have come after the last wait; then this wait reports it.
        feed.committed([change])
        #expect(await watch.change(within: .seconds(30)))
        watch.end()
        #expect(feed.watching == 0)
    }

    private func event(_ subject: String, conversation: Int64) -> OutboundEvent {
        let signal = Signal(
            id: "1", source: "/test", type: "conv.out.assistant.delta", subject: subject, data: Array("{}".utf8))
        let record = JournalRecord(
            position: Position(1), conversation: ConversationID(conversation), previous: .start, offset: 1, sequence: 1,
            recordedAt: 0, content: .signal(signal))
        return OutboundEvent(record: record, subject: subject, partition: 0, applied: nil)
    }
}
