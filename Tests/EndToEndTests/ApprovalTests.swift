import TestSupport
import Testing

@Suite("Approval across a checkpoint")
struct ApprovalTests {
    /// Each note has a marker: two records. A checkpoint is due every 16,384 records, and written over the next 8,192.
    private static let notes = 13_000

    @Test(
        "A call waiting for approval across a checkpoint and a clean stop leaves a sound journal, and runs once approved",
        .timeLimit(.minutes(4)))
    func approvalOverCheckpoint() async throws {
        let model = try ScriptedModel.askingForWeather()
        let deployment = try Deployment(
            model.flags + ToolBench.flags(["get_weather"], #""timeout":"20s","requires_approval":true"#))
        let worker = try PythonWorker(
            broker: deployment.broker, log: deployment.directory.appendingPathComponent("worker.jsonl"))
        try await deployment.start()
        let listener = try await deployment.listener(["conv/out/#"])
        let client = try await deployment.client()
        try await client.publishMany([.message("the weather?", to: "waiting", id: "m")])
        let request = try await listener.first("conv.out.tool.approval_requested", of: "waiting")
        let effect: String = try #require(request.data("effect_id"))
        let journal = try JournalFile(deployment.journal)
        for first in stride(from: 0, to: Self.notes, by: 500) {
            try await client.publishMany(
                (first..<(first + 500)).map { .signal("note.taken", of: "notes-\($0 % 20)", id: "n\($0)", "{}") })
        }
        try await eventually("a checkpoint; \(deployment.readiness)", seconds: 100) {
            try journal.number("SELECT position FROM cursors WHERE name = 'checkpoint'") > 16_000
        }
        #expect(try await deployment.terminate() == .exited(0))

        let verify = try ConveyProcess(
            ["verify", "--data", deployment.dataDirectory], in: deployment.directory, name: "verify")
        try await eventually("verify ends", seconds: 60) { verify.ended != nil }
        #expect(verify.ended == .exited(0), "\(verify.output)\(verify.log)")

        try await deployment.start()
        #expect(deployment.metric("convey_effects_open") == 1)
        try await client.publishMany([
            .signal("tool.approved", of: "waiting", id: "a", #"{"effect_id":"\#(effect)"}"#)
        ])
        let answer = try await listener.first("conv.out.assistant.completed", of: "waiting")
        #expect(answer.data("content", as: String.self)?.contains("18") == true)
        #expect(!deployment.log.contains("rebuilt"))
        worker.kill()
        await client.stop()
        await listener.stop()
    }
}
