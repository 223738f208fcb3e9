import Conversation
import ConveyEngine
import EffectPort
import JournalPort
import JournalReading
import JournalSupport
import Signals
import Testing

private func signal(_ id: String, _ type: String, _ data: String = "{}", subject: String = "c") -> Signal {
    Signal(id: id, source: "/test", type: type, subject: subject, data: Array(data.utf8))
}

private func message(_ id: String, subject: String = "c") -> Signal {
    signal(id, "conv.in.message.received", #"{"content":"hi"}"#, subject: subject)
}

/// An engine with a call that waits for approval in conversation `c`, and small limits.
private func harnessWithWaitingCall(_ change: (inout EngineSettings) -> Void = { _ in }) throws -> Harness {
    let harness = try Harness {
        $0.effects.tools["guarded"] = ToolPolicy(requiresApproval: true)
        change(&$0)
    }
    let attempt = try #require(try harness.take(message("m")).attempts.first)
    let call = ToolCall(id: "call-0", name: "guarded", arguments: "{}")
    try harness.report(attempt, .completed(EffectResult(content: "", finishReason: "tool_calls", toolCalls: [call])))
    return harness
}

extension Harness {
    fileprivate func approve() throws -> EngineOutput {
        try take(signal("yes", "conv.in.tool.approved", #"{"tool_call_id":"call-0"}"#))
    }

    /// Saves all conversations: records enough signals that a checkpoint comes.
    fileprivate func fill(_ count: Int) throws {
        for index in 0..<count { try take(signal("n\(index)", "conv.in.note.taken", subject: "other-\(index % 7)")) }
    }

    fileprivate func difference() throws -> JournalDifference? {
        try JournalVerifier(source: SimulatedJournal(disk)).verifyAll().difference
    }

    fileprivate var audits: [String] {
        disk.records.compactMap { record in
            guard case .signal(let signal) = record.content, signal.type.hasPrefix("conv.audit.conversation.") else {
                return nil
            }
            return "\(signal.type.dropFirst("conv.audit.conversation.".count)) \(signal.subject)"
        }
    }

    /// The newest marker of a conversation, with a wrong digest.
    fileprivate func damageMarker(of subject: String) throws {
        let id = try #require(try journal.conversation(subject: subject)).id
        let marker = try #require(disk.records.last { $0.conversation == id && $0.family == .applied })
        disk.damageRecord(at: marker.position) { record in
            if case .marker(var content) = record.content {
                content.digest ^= 1
                record.content = .marker(content)
            }
        }
    }
}

/// The state as it was saved before it included the message that is answered.
private func withoutMessage(_ state: inout [UInt8]) {
    let text = String(decoding: state, as: UTF8.self)
    guard let loop = text.range(of: #","message":"m""#) else { return }
    var changed = text
    changed.removeSubrange(loop)
    // Those states had no checksum either.
    if let check = changed.range(of: #","saved_check""#) { changed = String(changed[..<check.lowerBound]) + "}" }
    state = Array(changed.utf8)
}

extension String {
    fileprivate func range(of part: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(part) { return start..<index(start, offsetBy: part.count) }
            start = index(after: start)
        }
        return nil
    }
}

@Suite struct SavedConversationTests {
    @Test func `A call that waits for approval survives a checkpoint and a restart`() throws {
        let harness = try harnessWithWaitingCall { $0.checkpointInterval = 10 }
        try harness.fill(20)
        #expect(try harness.difference() == nil)
        try harness.restart()
        #expect(harness.audits.isEmpty)
        #expect(try harness.approve().attempts.first?.call?.name == "guarded")
        #expect(harness.disk.misreadConversations.isEmpty)
    }

    @Test func `A call that waits for approval survives an eviction, and its approval continues the answer`() throws {
        let harness = try harnessWithWaitingCall { $0.conversationLimit = 1 }
        try harness.fill(20)
        let attempt = try #require(try harness.approve().attempts.first)
        let next = try harness.report(attempt, .completed(EffectResult(content: "42"))).attempts
        #expect(next.first?.effect.effectClass == .llm)
        #expect(next.first?.effect.answers == "m")
        #expect(try harness.difference() == nil)
    }

    @Test func `A journal with an answer without its message is repaired once at the start, and then verifies`() throws
    {
        let harness = try harnessWithWaitingCall { $0.checkpointInterval = 10 }
        try harness.fill(20)
        harness.disk.damageState(of: 1, withoutMessage)
        let found = try #require(try harness.difference())
        #expect(found.subject == "c")
        #expect(found.kind == .savedConversation)
        #expect("\(found)".contains("no valid message"))
        try harness.restart()
        #expect(harness.engine.hasWork)
        try harness.transact()
        #expect(try harness.difference() == nil)
        #expect(harness.audits == ["rebuilt c"])
        #expect(harness.engine.setAsideConversations.isEmpty)
        try harness.restart()
        try harness.transact()
        #expect(harness.audits == ["rebuilt c"])
        #expect(try harness.approve().attempts.first?.call?.name == "guarded")
    }

    @Test func `A damaged saved state is rebuilt from the records, whatever the damage`() throws {
        let changes: [@Sendable (inout [UInt8]) -> Void] = [
            { $0 = [] }, { $0 = Array("{".utf8) }, { $0 = Array("null".utf8) }, { $0 = [0xff, 0xfe] },
            { $0 = Array("{}".utf8) }, { $0.removeLast(40) }, { $0[20] ^= 1 },
        ]
        for change in changes {
            let harness = try harnessWithWaitingCall { $0.checkpointInterval = 10 }
            try harness.fill(20)
            let state = try #require(try harness.engine.state(ofSubject: "c"))
            harness.disk.damageState(of: 1, change)
            #expect(try harness.difference()?.subject == "c")
            try harness.restart()
            #expect(try harness.engine.state(ofSubject: "c") == state)
            try harness.transact()
            #expect(harness.audits == ["rebuilt c"])
            #expect(try harness.difference() == nil)
        }
    }

    @Test func `Every flipped bit of a saved state is detected, and the rebuilt state equals the saved one`()
        throws
    {
        let harness = try harnessWithWaitingCall { $0.checkpointInterval = 10 }
        try harness.fill(20)
        let state = try #require(try harness.engine.state(ofSubject: "c"))
        let size = try #require(harness.disk.conversations[1]).encodeSaved().count
        for index in 0..<size {
            harness.disk.damageState(of: 1) { $0[index] ^= UInt8(1) << UInt8(index % 7) }
            let engine = try Engine(
                journal: harness.journal, settings: harness.settings, time: harness.time, logger: Harness.logger)
            #expect(try engine.state(ofSubject: "c") == state, "byte \(index)")
            harness.disk.damageState(of: 1) { $0[index] ^= UInt8(1) << UInt8(index % 7) }
        }
    }

    @Test func `Wrong counters are rebuilt, too, so that the next record gets the right place`() throws {
        let changes: [@Sendable (inout ConversationRecord) -> Void] = [
            { $0.offset += 1 }, { $0.sequences[0] += 1 }, { $0.head = Position(2) }, { $0.head = .start },
            { $0.through = Position($0.through.rawValue + 1_000) }, { $0.partition = ($0.partition + 1) % 4 },
            { $0.core.canceledThrough = 99 },
        ]
        for change in changes {
            let harness = try harnessWithWaitingCall { $0.checkpointInterval = 10 }
            try harness.fill(20)
            harness.disk.damageCounters(of: 1, change)
            try harness.restart()
            try harness.transact()
            try harness.take(signal("more", "conv.in.note.taken"))
            #expect(try harness.difference() == nil)
            #expect(harness.audits == ["rebuilt c"])
        }
    }
}

@Suite struct SetAsideTests {
    @Test func `A conversation whose replay differs is set aside, and the others continue`() throws {
        let harness = try Harness()
        try harness.take(message("m"), message("m", subject: "d"))
        try harness.take(signal("n", "conv.in.note.taken"))
        try harness.damageMarker(of: "c")
        try harness.restart()
        let started = try harness.transact()
        #expect(harness.engine.setAsideConversations.map(\.subject) == ["c"])
        #expect(harness.engine.setAsideConversations[0].reason.contains("a state that differs"))
        #expect(harness.engine.metrics.gauges.conversationsSetAside == 1)
        // Its effect does not start, that of the other conversation does.
        #expect(started.attempts.map(\.effect.subject) == ["d"])
        #expect(harness.audits == ["set_aside c"])
        #expect(started.outbound.contains { $0.subject == "c" })

        let later = try harness.take(
            message("m2"), message("m2", subject: "d"), signal("stop", "conv.in.control.abort_requested"))
        #expect(
            later.outcomes.allSatisfy { outcome in
                if case .recorded = outcome { true } else { false }
            })
        #expect(later.attempts.isEmpty)
        #expect(harness.signals("\("conv.effect.llm.generation").canceled").isEmpty)
        #expect(try harness.take(message("m2")).outcomes.first.map { "\($0)".hasPrefix("duplicate") } == true)
        #expect(try harness.difference()?.subject == "c")
    }

    @Test func `A restart tries again, reports it once, and continues when the damage is gone`() throws {
        let harness = try Harness()
        try harness.take(signal("n", "conv.in.note.taken"))
        try harness.damageMarker(of: "c")
        for _ in 0..<3 {
            try harness.restart()
            try harness.transact()
        }
        try harness.take(signal("waits", "conv.in.note.taken"))
        try harness.restart()
        #expect(harness.audits == ["set_aside c"])
        #expect(try harness.engine.state(ofSubject: "c")?.appliedCount ?? 0 < 2)

        try harness.damageMarker(of: "c")
        try harness.restart()
        while harness.engine.hasWork { try harness.transact() }
        #expect(harness.engine.setAsideConversations.isEmpty)
        #expect(harness.audits == ["set_aside c", "rebuilt c"])
        // The message `n`, the waiting signal, and the two audit signals.
        #expect(try harness.engine.state(ofSubject: "c")?.appliedCount == 4)
        #expect(try harness.difference() == nil)
    }

    @Test func `It stays set aside over a checkpoint, and is reported once even across restarts`() throws {
        let harness = try Harness {
            $0.checkpointInterval = 10
            $0.conversationLimit = 1
        }
        try harness.take(signal("n", "conv.in.note.taken"))
        try harness.damageMarker(of: "c")
        try harness.restart()
        harness.journal.fault = .failed
        #expect(throws: JournalError.self) { try harness.transact() }
        harness.journal.fault = .none
        try harness.restart()
        for index in 0..<30 {
            try harness.take(signal("o\(index)", "conv.in.note.taken", subject: "other-\(index % 5)"))
            if index % 10 == 0 { try harness.restart() }
        }
        #expect(harness.audits == ["set_aside c"])
        #expect(harness.engine.setAsideConversations.count == 1)
    }

    @Test func `A pending record that cannot be read sets its conversation aside, at a start and while running`() throws
    {
        for restarts in [true, false] {
            let harness = try Harness { $0.residentSignalLimit = 0 }
            var input = EngineInput()
            input.inbound = ["c", "d"].map { .accepted(message("m", subject: $0)) }
            input.applications = 0
            _ = try harness.engine.process(input, at: harness.time)
            harness.disk.damageRecord(at: Position(1)) {
                $0.content = .unreadable(reason: "damaged by the test", family: .inbound)
            }
            if restarts { try harness.restart() }
            #expect(try harness.transact().attempts.map(\.effect.subject) == ["d"])
            #expect(harness.engine.setAsideConversations.map(\.subject) == ["c"])
            #expect(harness.engine.queueDepth == 0)
            #expect(harness.audits == ["set_aside c"])
            // Its place in the conversation stays occupied.
            guard case .recorded(_, _, let offset)? = try harness.take(message("next")).outcomes.first else {
                Issue.record("it was not recorded")
                return
            }
            #expect(offset == 3)
        }
    }

    @Test func `Damage while a conversation is in use ends its attempts and timers, not those of others`() throws {
        let harness = try Harness { $0.residentSignalLimit = 0 }
        let attempts = try harness.take(message("m"), message("m", subject: "d")).attempts
        try harness.take(signal("t", "conv.in.timer.tick", #"{"delay_ms":1000}"#))
        var input = EngineInput()
        input.inbound = [.accepted(signal("n", "conv.in.note.taken"))]
        input.applications = 0
        _ = try harness.engine.process(input, at: harness.time)
        let position = try #require(harness.disk.records.last).position
        harness.disk.damageRecord(at: position) { $0.content = .unreadable(reason: "damaged", family: .inbound) }
        let mine = try #require(attempts.first { $0.effect.subject == "c" })
        #expect(try harness.transact().stops == [mine.effect.key])
        let before = harness.disk.records.count
        try harness.report(mine, .delta(EffectDelta("late")), .completed(EffectResult(content: "late")))
        #expect(harness.disk.records.count == before)
        #expect(harness.engine.nextTimeout() != nil)
        try harness.pass(2_000)
        #expect(harness.signals("conv.effect.timer.wait.completed").isEmpty)
        let other = try #require(attempts.first { $0.effect.subject == "d" })
        try harness.report(other, .completed(EffectResult(content: "done")))
        #expect(harness.signals("conv.effect.llm.generation.completed").map(\.subject) == ["d"])
        #expect(harness.disk.effects.count == 2)
    }

    @Test func `Signals waiting in a conversation that is set aside are limited; beyond that they become dead letters`()
        throws
    {
        let harness = try Harness { $0.heldSignalLimit = 3 }
        try harness.take(signal("n", "conv.in.note.taken"))
        try harness.damageMarker(of: "c")
        try harness.restart()
        try harness.transact()
        for index in 0..<6 { try harness.take(signal("w\(index)", "conv.in.note.taken")) }
        #expect(harness.disk.deadLetters.values.filter { $0.reason == .setAside }.count == 4)
        try harness.damageMarker(of: "c")
        try harness.restart()
        try harness.transact()
        var input = EngineInput()
        input.deadLetterMoves = [DeadLetterMove(.redrive, Array(harness.disk.deadLetters.keys))]
        _ = try harness.engine.process(input, at: harness.time)
        while harness.engine.hasWork { try harness.transact() }
        #expect(harness.disk.deadLetters.isEmpty)
        #expect(try harness.difference() == nil)
    }

    @Test func `Too many damaged conversations stop the service with an explanation`() throws {
        let harness = try Harness { $0.setAsideLimit = 2 }
        for subject in ["a", "b", "c"] { try harness.take(signal("n", "conv.in.note.taken", subject: subject)) }
        for subject in ["a", "b", "c"] { try harness.damageMarker(of: subject) }
        let error = #expect(throws: JournalError.self) { try harness.restart() }
        #expect(error?.message.contains("more than 2 conversations cannot be loaded") == true)
    }

    @Test func `An unreadable configuration sets its conversation aside after the current signal`() throws {
        let harness = try Harness {
            $0.conversationLimit = 1
            $0.checkpointInterval = 1
        }
        try harness.take(signal("k", "conv.in.conversation.configured", #"{"llm":{}}"#))
        // The conversation leaves memory, and its configuration with it.
        for index in 0..<4 { try harness.take(signal("n", "conv.in.note.taken", subject: "other-\(index)")) }
        harness.disk.damageRecord(at: Position(1)) { $0.content = .unreadable(reason: "damaged", family: .inbound) }
        try harness.take(message("m"))
        #expect(harness.engine.setAsideConversations.map(\.subject) == ["c"])
        #expect(try harness.take(message("m", subject: "d")).attempts.count == 1)
    }
}
