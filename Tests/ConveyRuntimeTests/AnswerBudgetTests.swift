import AnswerMemory
import Conversation
import JournalSupport
import Logging
import Signals
import Synchronization
import Testing

@testable import Conversation
@testable import ConveyQueries
@testable import JournalPort
@testable import JournalReading
@testable import Signals

@Suite("Memory of answers")
struct AnswerBudgetTests {
    @Test("All answers together stay within the budget, and released room can be taken again")
    func bounded() throws {
        let budget = AnswerBudget(bytes: 8 << 20)
        var rooms: [AnswerRoom] = []
        while let room = budget.take(1 << 20) { rooms.append(room) }
        #expect(rooms.count == 7 && budget.used == 7 << 20)
        #expect(budget.isShort)
        // Small answers still fit.
        let small = try #require(budget.take(AnswerBudget.smallBytes))
        #expect(budget.used == 7 << 20 + AnswerBudget.smallBytes)
        small.resize(to: 0)
        rooms = []
        #expect(budget.used == 0)
        // One that is larger than the whole budget gets through alone.
        let alone = budget.take(100 << 20)
        #expect(alone != nil && budget.take(1) == nil)
    }

    @Test("A waiter gets room when others release it, and an error when that takes too long")
    func waits() async throws {
        let budget = AnswerBudget(bytes: 1 << 20)
        var held = budget.take(1 << 20)
        #expect(held?.bytes == 1 << 20)
        #expect(await budget.take(1, within: .milliseconds(1)) == nil)
        async let waiting = budget.take(4, within: .seconds(30))
        held = nil
        let room = try #require(await waiting)
        #expect(budget.used == 4)
        #expect(await room.grow(to: 9, within: .zero) && budget.used == 9)
        #expect(await room.grow(to: 2, within: .zero) && budget.used == 2)
    }

    @Test("With many threads, no part of the budget is lost")
    func balance() async {
        let budget = AnswerBudget(bytes: 1 << 20)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for number in 0..<1_000 {
                        guard let room = budget.take(number % 97 * 100 + task) else { continue }
                        room.resize(to: number % 31 * 1_000)
                        _ = await room.grow(to: number, within: .zero)
                    }
                }
            }
        }
        #expect(budget.used == 0)
    }

    @Test(
        "Questions with large answers wait for room and are then refused; small ones are answered at once")
    func questions() async throws {
        var limits = QueryLimits()
        limits.workers = 1
        limits.timeLimitMicroseconds = 4_000_000
        let service = try Self.service(limits, AnswerBudget(bytes: 1 << 20))
        defer { service.stop() }
        let large = try QueryRequest(.events, subject: "a", parameters: [("limit", "1000")])
        let small = try QueryRequest(.events, subject: "a", parameters: [("limit", "1")])
        var held: [AnswerRoom?] = []
        var first: QueryAnswer?
        for _ in 0..<2 {
            let (answer, room) = await service.heldAnswer(large, asker: "x")
            if answer.status == 200 { first = answer }
            held.append(room)
            if answer.status != 200 { #expect(answer.status == 503) }
        }
        #expect(held.compactMap { $0 }.count == 1)
        #expect(service.budget.used == first?.body.count)
        #expect(await service.answer(small).status == 200)
        // It waits, and then there is room.
        async let waiting = service.heldAnswer(large, asker: "x")
        #expect(await service.answer(small).status == 200)
        held = []
        let (answer, room) = await waiting
        #expect(answer == first && room?.bytes == answer.body.count)
    }

    @Test("A page of live events counts until the next one is requested; an event of any size fits a page")
    func livePages() async throws {
        let service = try Self.service(QueryLimits(), AnswerBudget())
        defer { service.stop() }
        let watch = try #require(LiveFeed().watch("a"))
        let events = LiveEvents(watch: watch, queries: service, after: 0)
        var offsets: [Int64] = []
        while case .events(let page) = try await events.next(within: .milliseconds(1)) {
            let bytes = page.reduce(0) { $0 + $1.envelope.count }
            #expect(service.budget.used == bytes)
            #expect(page.count == 1 || bytes <= LiveEvents.pageBytes)
            offsets += page.map(\.offset)
        }
        #expect(offsets == Array(1...Self.messages))
        #expect(service.budget.used == 0)
    }

    private static let messages: Int64 = 90

    /// Answers from a conversation `a` of some 750 KB: records of 7 KB, and one of 120.
    private static func service(_ limits: QueryLimits, _ budget: AnswerBudget) throws -> QueryService {
        var batch = JournalBatch()
        batch.createdConversations = [ConversationRecord(id: ConversationID(1), subject: "a", partition: 0)]
        for position in 1...messages {
            let text = String(repeating: "x", count: position == 40 ? 120_000 : 7_000)
            let signal = Signal(
                id: "s\(position)", source: "/t", type: "conv.in.note.taken", subject: "a",
                data: Array(#"{"text":"\#(text)"}"#.utf8))
            batch.records.append(
                JournalRecord(
                    position: Position(position), conversation: ConversationID(1), previous: Position(position - 1),
                    offset: position, sequence: position, recordedAt: 0, content: .signal(signal)))
        }
        let made = batch
        let service = QueryService(
            limits: limits, budget: budget, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            readers: ShardReaders { () throws(JournalError) in
                let journal = SimulatedJournal(SimulatedDisk(partitionCount: 1))
                try journal.commit(made)
                return journal
            })
        service.start()
        return service
    }
}

@Suite("Waiting questions")
struct QuestionQueueTests {
    @Test("Clients are served in turn: a single question does not wait for a hundred of another client")
    func turns() {
        var queue = QuestionQueue<Int>()
        for number in 0..<100 { #expect(queue.add(entry(number, "flood"), limit: 256) == nil) }
        #expect(queue.add(entry(100, "one"), limit: 256) == nil)
        let order = (0..<3).compactMap { _ in queue.next(now: 0, patience: 1, hasRoom: { _ in true })?.job }
        #expect(order == [0, 100, 1])
    }

    @Test("When there are too many questions, the client with most of them loses one")
    func full() {
        var queue = QuestionQueue<Int>()
        for number in 0..<4 { #expect(queue.add(entry(number, "flood"), limit: 4) == nil) }
        #expect(queue.add(entry(4, "flood"), limit: 4)?.job == 4)
        #expect(queue.add(entry(5, "one"), limit: 4)?.job == 3)
        #expect(queue.add(entry(6, "one"), limit: 4)?.job == 2)
        #expect(queue.add(entry(7, "one"), limit: 4)?.job == 7)
        #expect(queue.count == 4)
    }

    @Test("A question whose answer does not fit lets others pass until it times out")
    func room() {
        var queue = QuestionQueue<Int>()
        var large = entry(1, "a")
        large.needs = 10
        queue.putBack(large)
        _ = queue.add(entry(2, "a"), limit: 4)
        #expect(queue.waitsForRoom)
        #expect(queue.next(now: 0, patience: 5, hasRoom: { $0 < 10 })?.job == 2)
        #expect(queue.next(now: 4, patience: 5, hasRoom: { $0 < 10 }) == nil)
        #expect(queue.next(now: 5, patience: 5, hasRoom: { $0 < 10 })?.job == 1)
    }

    private func entry(_ job: Int, _ asker: String) -> QuestionQueue<Int>.Entry {
        QuestionQueue<Int>.Entry(job: job, asker: asker, asked: 0)
    }
}
