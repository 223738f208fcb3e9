import Conversation
import ConveyEngine
import EffectPort
import ConveyQueries
import JournalPort
import JournalReading
import JournalSupport
import Logging
import Signals
import Synchronization
import Testing

@Suite struct QueryTests {
    private static let seeds = UInt64(1)...12

    private func text(_ answer: QueryAnswer) -> String { String(decoding: answer.body, as: UTF8.self) }

    private func json(_ answer: QueryAnswer) throws -> JSONValue { try JSONValue(answer.body) }

    /// Questions of every kind that do not depend on the journal's content.
    private func questions(_ random: inout SeededRandom, subject: String, offset: Int64) -> [QueryRequest] {
        QueryView.allCases.filter(\.needsSubject).map { view in
            var request = QueryRequest(view, subject: subject)
            request.limit = random.int(1...12)
            request.id = "s\(random.int(1...40))"
            if random.oneIn(2) { request.shape = .reference }
            if random.oneIn(3) { request.asOf = Int64(random.int(0...Int(offset) + 3)) }
            switch view {
            case .timeline, .events:
                if random.oneIn(2) { request.page = .last(before: Int64(random.int(0...Int(offset) + 3))) }
            case .context, .state, .trace, .conversations, .effects: break
            }
            if view == .events, random.oneIn(3) { request.page = .first(after: Int64(random.int(0...Int(offset) + 3))) }
            if view == .events, random.oneIn(4) {
                request.families = [random.pick(Family.allCases)]
                request.page = .firstOfFamily(afterSequence: Int64(random.int(0...10)))
            }
            return request
        }
    }

    @Test(arguments: seeds)
    func `An executor that followed a conversation answers like one that reads it anew`(seed: UInt64) throws {
        let harness = try QueryHarness(seed: seed)
        var random = SeededRandom(seed: seed &+ 1_000)
        let followed = harness.fresh()
        // One that can keep nothing, and one that soon forgets timelines.
        let forgetful = QueryExecutor(reader: harness.journal, limits: harness.limits, cacheBytes: 0)
        var limits = harness.limits
        limits.retainedEntries = 5
        let short = QueryExecutor(reader: harness.journal, limits: limits)
        for step in 0..<60 {
            try harness.step()
            for subject in harness.subjects {
                guard let head = try harness.journal.head(subject: subject) else { continue }
                for request in questions(&random, subject: subject, offset: head.offset) {
                    let expected = text(try harness.fresh().answer(request))
                    for executor in [followed, forgetful, short] {
                        let answer = text(try executor.answer(request))
                        #expect(answer == expected, "seed \(seed), step \(step): \(request)")
                        if answer != expected { return }
                    }
                }
            }
        }
    }

    @Test(arguments: seeds)
    func `As of an offset, a conversation is as it was when that offset was its newest`(seed: UInt64) throws {
        let harness = try QueryHarness(seed: seed)
        var random = SeededRandom(seed: seed &+ 2_000)
        for _ in 0..<40 { try harness.step() }
        let executor = harness.fresh()
        for subject in harness.subjects {
            guard let head = try harness.journal.head(subject: subject) else { continue }
            for _ in 0..<25 {
                let offset = Int64(random.int(1...Int(head.offset)))
                let then = QueryExecutor(
                    reader: try harness.journal(of: subject, through: offset), limits: harness.limits)
                for var request in questions(&random, subject: subject, offset: offset) {
                    request.asOf = nil
                    let expected = text(try then.answer(request))
                    request.asOf = offset
                    #expect(
                        text(try executor.answer(request)) == expected, "seed \(seed), offset \(offset): \(request)")
                }
            }
        }
    }

    @Test(arguments: seeds, TimelineShape.allCases)
    func `The pages of a timeline make the whole, even if the conversation continues between them`(
        seed: UInt64, shape: TimelineShape
    ) throws {
        let harness = try QueryHarness(seed: seed)
        var random = SeededRandom(seed: seed &+ 3_000)
        for _ in 0..<40 { try harness.step() }
        var limits = harness.limits
        limits.answerBytes = random.int(1...20_000)
        let executor = QueryExecutor(reader: harness.journal, limits: limits)
        guard let head = try harness.journal.head(subject: "a") else { return }
        var whole = TimelineProjection(
            options: TimelineProjection.Options(shape: shape, answerGap: limits.answerGap))
        for record in harness.journal.disk.records where record.conversation == head.id {
            if case .signal(let signal) = record.content { whole.apply(ProjectionEvent(signal, offset: record.offset)) }
        }
        var request = QueryRequest(.timeline, subject: "a")
        request.shape = shape
        // A later event may change an answer.
        request.asOf = head.offset
        var ids: [String] = []
        var texts: [String] = []
        while true {
            request.limit = random.int(1...9)
            let page = try json(try executor.answer(request))
            let entries = page["entries"]?.array ?? []
            ids.insert(contentsOf: entries.compactMap { $0["event_id"]?.string }, at: 0)
            texts.insert(
                contentsOf: entries.map { "\($0["content"]?.string ?? "") \($0["state"]?.string ?? "")" }, at: 0)
            guard let before = page["next"]?["before"]?.int else { break }
            request.page = .last(before: Int64(before))
            if random.oneIn(2) { try harness.step() }
        }
        #expect(ids == whole.all.map(\.eventID), "seed \(seed)")
        #expect(texts == whole.all.map { "\($0.content.text) \($0.state?.rawValue ?? "")" }, "seed \(seed)")
    }

    @Test(arguments: seeds)
    func `A context equals the projection of all events`(seed: UInt64) throws {
        let harness = try QueryHarness(seed: seed)
        for _ in 0..<40 { try harness.step() }
        guard let head = try harness.journal.head(subject: "a") else { return }
        var whole = LLMContextProjection(options: .request(maxMessages: QueryView.context.limits.most))
        for record in harness.journal.disk.records where record.conversation == head.id {
            if case .signal(let signal) = record.content { whole.apply(ProjectionEvent(signal, offset: record.offset)) }
        }
        var request = QueryRequest(.context, subject: "a")
        request.limit = 15
        let messages = String(decoding: whole.messages(last: 15).encode(), as: UTF8.self)
        let answer = text(try harness.fresh().answer(request))
        #expect(answer == #"{"subject":"a","as_of":\#(head.offset),"messages":\#(messages)}"#, "seed \(seed)")
    }

    @Test(arguments: seeds)
    func `A state equals the engine's, and its digest the recorded one`(seed: UInt64) throws {
        let harness = try QueryHarness(seed: seed)
        for _ in 0..<40 { try harness.step() }
        for subject in harness.subjects {
            guard let state = try harness.state(of: subject) else { continue }
            let answered = try json(try harness.fresh().answer(QueryRequest(.state, subject: subject)))["state"]
            for (name, value) in try JSONValue(state.encode()).object ?? [] {
                #expect(answered?[name] == value, "seed \(seed), \(subject): \(name)")
            }
            #expect(answered?["history"]?.array?.count == min(100, Int(state.appliedCount)))
        }
    }

    @Test(arguments: seeds)
    func `Pages of events have no holes and no repeats, in both directions and with filters`(seed: UInt64) throws {
        let harness = try QueryHarness(seed: seed)
        var random = SeededRandom(seed: seed &+ 4_000)
        for _ in 0..<40 { try harness.step() }
        var limits = QueryLimits()
        limits.scanLimit = random.int(1...50)
        limits.answerBytes = random.int(1...8_000)
        let executor = QueryExecutor(reader: harness.journal, limits: limits)
        guard let head = try harness.journal.head(subject: "a") else { return }
        let all = harness.journal.disk.records.filter { $0.conversation == head.id }
        for family in [nil] + Family.allCases.map(Optional.some) {
            let expected = all.filter { family == nil || $0.family == family }.map(\.offset)
            var request = QueryRequest(.events, subject: "a")
            request.families = family.map { [$0] } ?? []
            var backwards: [Int64] = []
            while true {
                request.limit = random.int(1...30)
                let page = try json(try executor.answer(request))
                backwards.insert(contentsOf: offsets(page), at: 0)
                guard let before = page["next"]?["before"]?.int else { break }
                request.page = .last(before: Int64(before))
            }
            #expect(backwards == expected, "seed \(seed), \(family.map(\.name) ?? "all")")
            request.page = family == nil ? .first(after: 0) : .firstOfFamily(afterSequence: 0)
            var forwards: [Int64] = []
            while true {
                let page = try json(try executor.answer(request))
                forwards += offsets(page)
                guard let after = page["next"]?["after"]?.int else { break }
                request.page = .first(after: Int64(after))
            }
            #expect(forwards == expected, "seed \(seed), \(family.map(\.name) ?? "all")")
        }
    }

    private func offsets(_ page: JSONValue) -> [Int64] {
        (page["events"]?.array ?? []).compactMap { $0["offset"]?.int.map(Int64.init) }
    }

    @Test func `Events after a sequence begin with the next one of the family`() throws {
        let harness = try QueryHarness(seed: 5)
        for _ in 0..<40 { try harness.step() }
        var request = QueryRequest(.events, subject: "a")
        request.families = [.output]
        for sequence in 0...4 {
            request.page = .firstOfFamily(afterSequence: Int64(sequence))
            let first = try json(try harness.fresh().answer(request))["events"]?.array?.first
            #expect(first?["sequence"]?.int == sequence + 1)
        }
    }

    @Test(arguments: QueryRequest.Order.allCases)
    func `Pages of conversations list each once`(order: QueryRequest.Order) throws {
        let journal = SimulatedJournal(SimulatedDisk(partitionCount: 1))
        var batch = JournalBatch()
        var newest: [ConversationID: Position] = [:]
        var random = SeededRandom(seed: 9)
        for id in 1...40 {
            let subject = "\(id % 2 == 0 ? "even" : "odd")-\(id)"
            batch.createdConversations.append(
                ConversationRecord(id: ConversationID(Int64(id)), subject: subject, partition: 0))
        }
        for position in 1...400 {
            let id = position <= 40 ? ConversationID(Int64(position)) : ConversationID(Int64(random.int(1...40)))
            let signal = Signal(
                id: "s\(position)", source: "/t", type: "conv.in.x", subject: "", data: Array("{}".utf8))
            batch.records.append(
                JournalRecord(
                    position: Position(Int64(position)), conversation: id, previous: newest[id] ?? .start,
                    offset: Int64(position), sequence: 1, recordedAt: Int64(position) * 1_000_000,
                    content: .signal(signal)))
            newest[id] = Position(Int64(position))
        }
        try journal.commit(batch)
        // The last two look at the subjects one by one, and have too many to sort.
        for (step, sortLimit) in [(10_000, 2_000), (3, 2_000), (3, 2)] {
            var limits = QueryLimits()
            limits.subjectStep = step
            limits.sortLimit = sortLimit
            let executor = QueryExecutor(reader: journal, limits: limits)
            for (prefix, contains) in [
                ("", ""), ("even", ""), ("none", ""), ("", "D-1"), ("", "-39"), ("even", "-2"), ("", "none"),
            ] {
                var request = QueryRequest(.conversations)
                request.order = order
                request.prefix = prefix
                request.contains = contains
                var subjects: [String] = []
                while true {
                    request.limit = random.int(1...7)
                    let page = try json(try executor.answer(request))
                    subjects += (page["conversations"]?.array ?? []).compactMap { $0["subject"]?.string }
                    guard let cursor = page["next"]?["cursor"]?.string else { break }
                    request.cursor = cursor
                }
                let known = batch.createdConversations.filter {
                    $0.subject.hasPrefix(prefix) && (contains.isEmpty || $0.subject.contains(contains.lowercased()))
                }
                let expected =
                    switch order {
                    case .subject: known.map(\.subject).sorted()
                    case .recent: known.sorted { newest[$0.id] ?? .start > newest[$1.id] ?? .start }.map(\.subject)
                    }
                #expect(subjects == expected, "\(prefix) \(contains)")
            }
        }
    }

    @Test func `A wanted conversation that was active long ago is found at once, and since leaves it out`() throws {
        let journal = SimulatedJournal(SimulatedDisk(partitionCount: 1))
        var batch = JournalBatch()
        for position in Int64(1)...300 {
            if position <= 2 {
                batch.createdConversations.append(
                    ConversationRecord(
                        id: ConversationID(position), subject: ["old one", "new"][Int(position) - 1], partition: 0))
            }
            let signal = Signal(
                id: "s\(position)", source: "/t", type: "conv.in.x", subject: "", data: Array("{}".utf8))
            batch.records.append(
                JournalRecord(
                    position: Position(position), conversation: ConversationID(min(position, 2)),
                    previous: position < 3 ? .start : Position(position - 1), offset: max(1, position - 1), sequence: 1,
                    recordedAt: position * 1_000_000, content: .signal(signal)))
        }
        try journal.commit(batch)
        var limits = QueryLimits()
        // Reading the journal backwards would stop long before it.
        limits.scanLimit = 10
        let executor = QueryExecutor(reader: journal, limits: limits)
        var request = QueryRequest(.conversations)
        request.order = .recent
        request.contains = "ONE"
        let found = try json(try executor.answer(request))
        #expect(found["conversations"]?.array?.map { $0["subject"]?.string } == ["old one"] && found["next"] == nil)
        request.since = 2_000_000
        #expect(try json(try executor.answer(request))["conversations"]?.array?.isEmpty == true)
    }

    @Test func `Effects under way are listed once each, the oldest first, with what they wait for`() throws {
        let journal = SimulatedJournal(SimulatedDisk(partitionCount: 1))
        var settings = EngineSettings()
        settings.effects.llm.maxConcurrent = 1
        let engine = try Engine(
            journal: journal, settings: settings, time: EngineTime(wall: 0, monotonic: 0),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let sent = [
            ("m1", "conv.in.message.received", "a", #"{"content":"x"}"#),
            ("m2", "conv.in.message.received", "a", #"{"content":"x"}"#),
            ("m3", "conv.in.message.received", "b", #"{"content":"x"}"#),
            ("tick", "conv.in.timer.tick", "b", #"{"delay_ms":60000}"#),
        ]
        for (number, (id, type, subject, data)) in sent.enumerated() {
            var input = EngineInput()
            input.inbound = [
                .accepted(Signal(id: id, source: "/t", type: type, subject: subject, data: Array(data.utf8)))
            ]
            _ = try engine.process(input, at: EngineTime(wall: Int64(number + 1) * 1_000_000, monotonic: 0))
        }
        let executor = QueryExecutor(reader: journal)
        var request = QueryRequest(.effects)
        let whole = try #require(try json(try executor.answer(request))["effects"]?.array)
        #expect(
            whole.map { $0["effect_id"]?.string } == [
                "llm-generation-m1", "llm-generation-m2", "llm-generation-m3", "timer-wait-tick",
            ])
        #expect(whole.map { $0["state"]?.string } == ["running", "waiting", "waiting", "timer"])
        #expect(whole.map { $0["attempt"]?.int } == [1, 0, 0, 1])
        #expect(whole.map { $0["cause"]?.string } == sent.map(\.0))
        #expect(whole.map { $0["subject"]?.string } == sent.map(\.2))
        #expect(whole[3]["due_at"]?.string == "1970-01-01T00:01:04.000000Z" && whole[0]["due_at"] == nil)
        #expect(whole[0]["cause_offset"]?.int == 1 && whole[2]["ordered_at"]?.string == "1970-01-01T00:00:03.000000Z")

        request.limit = 1
        var paged: [JSONValue] = []
        while true {
            let page = try json(try executor.answer(request))
            paged += page["effects"]?.array ?? []
            guard let cursor = page["next"]?["cursor"]?.string else { break }
            request.cursor = cursor
        }
        #expect(paged.map(\.description) == whole.map(\.description))
        for cursor in ["x", "1", "-", "1-x", "1--1"] {
            request.cursor = cursor
            #expect(try executor.answer(request).status == 400, "\(cursor)")
        }
    }

    @Test func `The state of an effect is derived from its row`() {
        func state(_ change: (inout OpenEffect) -> Void, _ effectClass: EffectClass = .tool) -> EffectUnderWay.State {
            var effect = OpenEffect(
                key: EffectKey(cause: Position(1), ordinal: 0), conversation: ConversationID(1), subject: "a",
                effectClass: effectClass, kind: "execution", effectID: "e", causeID: "c")
            change(&effect)
            return EffectUnderWay(effect: effect, causeOffset: 1, orderedAt: 0).state
        }
        #expect(state { _ in } == .waiting)
        #expect(state { $0.dueAt = 5 } == .waiting)
        #expect(state { $0.attempt = 2 } == .running)
        #expect(
            state {
                $0.attempt = 2
                $0.dueAt = 5
            } == .retrying)
        #expect(state { $0.awaitsApproval = true } == .awaitingApproval)
        #expect(state({ $0.dueAt = 5 }, .timer) == .timer)
    }

    @Test func `A trace goes up to the first cause and down to all consequences`() throws {
        let journal = SimulatedJournal(SimulatedDisk(partitionCount: 1))
        let engine = try Engine(
            journal: journal, settings: EngineSettings(), time: EngineTime(wall: 0, monotonic: 0),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        func take(_ id: String, _ type: String, cause: Cause = .none) throws -> EngineOutput {
            var input = EngineInput()
            let data = Array(#"{"content":"hi","effect_id":"e","lifecycle":"completed"}"#.utf8)
            input.inbound = [
                .accepted(Signal(id: id, source: "/t", type: type, subject: "a", cause: cause, data: data))
            ]
            return try engine.process(input, at: EngineTime(wall: 0, monotonic: 0))
        }
        _ = try take("note", "conv.in.note.taken")
        _ = try take("other", "conv.in.note.taken")
        // It names the marker: the cause is the signal that the marker is about.
        _ = try take("run", "conv.effect.tool.execution.completed", cause: .signal("applied-\(SimulatedDisk.tag)-1"))
        _ = try take("waits", "conv.in.note.taken", cause: .signal("never"))
        var request = QueryRequest(.trace, subject: "a")
        request.id = "run"
        let trace = try json(try QueryExecutor(reader: journal).answer(request))
        let signals = trace["signals"]?.array ?? []
        #expect(signals.map { $0["id"]?.string } == ["note", "run", "out-\(SimulatedDisk.tag)-5-0"])
        #expect(signals.map { $0["depth"]?.int } == [-1, 0, 1])
        #expect(signals.allSatisfy { $0["applied"] != nil })
        #expect(trace["complete"]?.bool == true)
        request.id = "waits"
        let parked = try json(try QueryExecutor(reader: journal).answer(request))["signals"]?.array ?? []
        #expect(parked.count == 1 && parked[0]["applied"] == nil && parked[0]["dead_letter"] == nil)
        request.id = "nobody"
        #expect(try QueryExecutor(reader: journal).answer(request).status == 404)
    }

    @Test func `A page of a long conversation reads only what the page needs`() throws {
        func reads(_ count: Int) throws -> Int {
            let journal = CountingJournal(SimulatedDisk(partitionCount: 1))
            var batch = JournalBatch()
            batch.createdConversations = [ConversationRecord(id: ConversationID(1), subject: "a", partition: 0)]
            for position in 1...count {
                let signal = Signal(
                    id: "s\(position)", source: "/t", type: "conv.in.message.received", subject: "a",
                    data: Array(#"{"content":"x"}"#.utf8))
                batch.records.append(
                    JournalRecord(
                        position: Position(Int64(position)), conversation: ConversationID(1),
                        previous: Position(Int64(position - 1)), offset: Int64(position), sequence: Int64(position),
                        recordedAt: 0, content: .signal(signal)))
            }
            try journal.journal.commit(batch)
            _ = try QueryExecutor(reader: journal).answer(QueryRequest(.timeline, subject: "a"))
            return journal.count
        }
        #expect(try reads(10_000) == reads(1_000))
    }

    @Test func `A question without room, time or journal is refused with a reason`() async throws {
        func code(
            _ change: (inout QueryLimits) -> Void,
            open: @escaping @Sendable () throws(JournalError) -> any JournalReader
        ) async throws -> String? {
            var limits = QueryLimits()
            change(&limits)
            let service = QueryService(
                limits: limits, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                readers: ShardReaders(one: open))
            service.start()
            let answer = await service.answer(QueryRequest(.state, subject: "a"))
            service.stop()
            return try JSONValue(answer.body)["error"]?.string
        }
        let empty: @Sendable () throws(JournalError) -> any JournalReader = {
            SimulatedJournal(SimulatedDisk(partitionCount: 1))
        }
        #expect(try await code({ $0.queueLimit = 0 }, open: empty) == "busy")
        #expect(try await code({ $0.timeLimitMicroseconds = 0 }, open: empty) == "timeout")
        #expect(try await code({ _ in }, open: empty) == "not_found")
        let broken: @Sendable () throws(JournalError) -> any JournalReader = { () throws(JournalError) in
            throw JournalError(.cannotOpen, "no")
        }
        #expect(try await code({ _ in }, open: broken) == "unavailable")
    }
}
