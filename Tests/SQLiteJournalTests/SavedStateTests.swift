import CSQLite
import Conversation
import ConveyEngine
import EffectPort
import Foundation
import JournalReading
import Logging
import SQLiteJournal
import Signals
import Testing

/// A journal file whose saved state lacks the message of a waiting answer, as Convey wrote it before it saved that.
@Suite struct SavedStateTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private static let time = EngineTime(wall: 1_700_000_000_000_000, monotonic: 0)

    private static func settings() -> EngineSettings {
        var settings = EngineSettings()
        settings.checkpointInterval = 10
        settings.effects.tools["guarded"] = ToolPolicy(requiresApproval: true)
        return settings
    }

    private static func signal(_ id: String, _ type: String, _ subject: String, _ data: String) -> InboundSignal {
        .accepted(Signal(id: id, source: "/host", type: type, subject: subject, data: Array(data.utf8)))
    }

    /// Opens the journal, runs something with an engine on it, and closes both.
    private func withEngine(_ directory: String, _ body: (Engine) throws -> Void) throws {
        let journal = try SQLiteJournal.open(directory: directory, partitionCount: 4)
        try body(try Engine(journal: journal, settings: Self.settings(), time: Self.time, logger: Self.logger))
    }

    private func difference(_ directory: String) throws -> JournalDifference? {
        try JournalVerifier(source: SQLiteJournal.openReader(directory: directory)).verifyAll().difference
    }

    private func execute(_ sql: String, _ directory: String) throws {
        var database: OpaquePointer?
        try #require(sqlite3_open(directory + "/journal.db", &database) == SQLITE_OK)
        defer { sqlite3_close(database) }
        try #require(sqlite3_exec(database, sql, nil, nil, nil) == SQLITE_OK)
    }

    @Test func `A file with the old fault is reported by verify, repaired at the start, and sound afterwards`() throws {
        let directory = NSTemporaryDirectory() + "convey-saved-" + UUID().uuidString
        // Only temporary files would remain.
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try withEngine(directory) { engine in
            var input = EngineInput()
            input.inbound = [Self.signal("m", "conv.in.message.received", "c", #"{"content":"hi"}"#)]
            let output = try engine.process(input, at: Self.time)
            guard case .run(let attempt)? = output.orders.first else {
                Issue.record("no attempt was started")
                return
            }
            let call = ToolCall(id: "call-0", name: "guarded", arguments: "{}")
            input = EngineInput()
            input.reports = [
                EffectReport(
                    attempt.effect,
                    .completed(EffectResult(content: "", finishReason: "tool_calls", toolCalls: [call])))
            ]
            _ = try engine.process(input, at: Self.time)
            for index in 0..<20 {
                input = EngineInput()
                input.inbound = [Self.signal("n\(index)", "conv.in.note.taken", "other", "{}")]
                _ = try engine.process(input, at: Self.time)
            }
        }
        #expect(try difference(directory) == nil)
        try execute(
            """
            UPDATE conversations SET state = substr(replace(state, ',"message":"m"', ''), 1,
            instr(replace(state, ',"message":"m"', ''), ',"saved_check"') - 1) || '}' WHERE subject = 'c'
            """, directory)
        let found = try #require(try difference(directory))
        #expect(found.subject == "c")
        #expect(found.message.contains("no valid message"))

        try withEngine(directory) { engine in
            while engine.hasWork { _ = try engine.process(EngineInput(), at: Self.time) }
            #expect(engine.metrics.counters.conversationsRebuilt == 1)
            var input = EngineInput()
            input.inbound = [Self.signal("yes", "conv.in.tool.approved", "c", #"{"tool_call_id":"call-0"}"#)]
            let output = try engine.process(input, at: Self.time)
            #expect(
                output.orders.contains { order in
                    if case .run(let attempt) = order { attempt.call?.name == "guarded" } else { false }
                })
        }
        #expect(try difference(directory) == nil)
    }
}
