import Foundation
import MQTTTransport
import TestSupport
import Testing

extension UnderLoad {
    @Suite("Effects of a killed Convey")
    struct EffectKillTests {
        private static let kills = 18
        /// After this many kills, a worker is killed in a call, too.
        private static let workerKillEvery = 6
        private static let tools = ["get_weather", "get_tides"]
        private static let words = (1...8).map { "w\($0) " }

        @Test(
            "Killed in streams, in tool calls and with timers pending, every effect ends once, every message is answered once, every timer fires once",
            .timeLimit(.minutes(4)))
        func killedInEffects() async throws {
            let generator = SeededGenerator.announced("killedInEffects")
            let model = try ScriptedModel(Self.answer)
            let deployment = try Deployment(
                model.flags + ToolBench.flags(Self.tools, #""timeout":"2s","max_attempts":20"#) + [
                    "--effects-tool-backoff", "100ms",
                    // After 20 restarts in addition to these, an effect fails, and an early one may meet every kill.
                    "--effects-llm-max-attempts", "20",
                ])
            var workers = try Self.tools.map { try Self.worker($0, deployment) }
            try await deployment.start()
            let listener = try await deployment.listener(Listener.everything + ["conv/tool/#"])
            let client = try await deployment.client()
            var load = EffectLoad(client: client, generator: generator)
            for round in 1...Self.kills {
                let before = listener.counts
                try await load.publish()
                let killsWorker = round % Self.workerKillEvery == 0
                let moment = killsWorker ? .inTool : Moment.allCases.randomElement(using: &load.generator) ?? .anyTime
                try await Self.wait(for: moment, since: before, deployment, listener, &load)
                let victim = killsWorker ? Int.random(in: workers.indices, using: &load.generator) : nil
                if let victim { workers[victim].kill() }
                deployment.kill()
                try deployment.launch()
                if let victim { workers[victim] = try Self.worker(Self.tools[victim], deployment) }
            }
            try await deployment.waitUntilReady()
            let journal = try JournalFile(deployment.journal)
            do {
                try await Self.waitUntilSettled(journal, load, listener)
            } catch {
                // Effects that do not end are named below.
                Issue.record(error)
            }
            #expect(try await deployment.terminate() == .exited(0))

            let findings =
                try JournalAudit.findings(journal, isAtRest: true) + EffectAudit.findings(journal)
                + EffectAudit.findings(journal, calls: listener.calls) + Self.findings(journal, model, listener)
                + Self.findings(workersOf: deployment, listener.calls)
            #expect(findings == [], "\(deployment.log.suffix(4_000))")
            let verify = try ConveyProcess(
                ["verify", "--data", deployment.dataDirectory], in: deployment.directory, name: "verify")
            try await eventually("verify ends", seconds: 60) { verify.ended != nil }
            #expect(verify.ended == .exited(0), "\(verify.output)\(verify.log)")
            try Self.report(journal, model, listener.calls)
            await client.stop()
            await listener.stop()
        }

        private static func waitUntilSettled(
            _ journal: JournalFile, _ load: EffectLoad, _ listener: Listener
        ) async throws {
            try await eventually("all \(load.published) signals are recorded and at rest", seconds: 60) {
                try journal.number("SELECT count(*) FROM journal WHERE source = '/test'") == load.published
                    && JournalAudit.isAtRest(journal)
            }
            let events = try journal.number(
                "SELECT count(*) FROM journal WHERE id IS NULL OR type NOT LIKE 'conv.in.%'")
            try await eventually("the listener has all \(events) events") { listener.distinctCount >= events }
        }

        // MARK: Script

        /// Streams slowly; a question with `tools:2` calls both tools twice before its answer.
        @Sendable private static func answer(_ request: ModelRequest, _ reply: ModelReply) throws {
            let rounds = request.question.firstRange(of: "tools:").flatMap { range in
                request.question[range.upperBound...].first?.wholeNumberValue
            }
            if request.rounds < rounds ?? 0 {
                try reply.say(["let ", "me ", "look "], pause: 20)
                let calls = tools.map { ModelReply.Call(name: $0, arguments: #"{"city":"Oslo","seconds":0.25}"#) }
                return try reply.call(calls, id: "\(request.idempotencyKey)-\(request.rounds)")
            }
            try reply.say(words + ["of \(request.question)"], pause: 25)
            try reply.finish()
        }

        private static func worker(_ tool: String, _ deployment: Deployment) throws -> PythonWorker {
            try PythonWorker(broker: deployment.broker, tool: tool, log: log(of: tool, deployment))
        }

        private static func log(of tool: String, _ deployment: Deployment) -> URL {
            deployment.directory.appendingPathComponent("\(tool).jsonl")
        }

        // MARK: Moments

        private enum Moment: CaseIterable { case inStream, inTool, withTimer, anyTime }

        /// Waits until something is in progress that a kill can interrupt.
        /// - Parameter before: the listener's events, by type, before this round's signals were published.
        private static func wait(
            for moment: Moment, since before: [String: Int], _ deployment: Deployment, _ listener: Listener,
            _ load: inout EffectLoad
        ) async throws {
            let type: String
            var count = 1
            switch moment {
            case .anyTime:
                // A random moment, not an event: also while it starts and recovers.
                return try await Task.sleep(for: .milliseconds(Int.random(in: 0...400, using: &load.generator)))
            case .inStream:
                type = "conv.effect.llm.generation.progress"
                // No more than one round's messages stream.
                count = Int.random(in: 1...12, using: &load.generator)
            case .inTool: type = "conv.effect.tool.execution.progress"
            case .withTimer: type = "conv.effect.timer.wait.started"
            }
            let target = before[type, default: 0] + count
            try await eventually("\(count) more \(type); \(deployment.log.suffix(2_000))", seconds: 60) {
                if let end = deployment.process?.ended { throw TestSupportError("ended: \(end)\n\(deployment.log)") }
                return listener.counts[type, default: 0] >= target
            }
        }

        // MARK: Findings

        /// Answers as clients see them, and the requests to the model.
        private static func findings(
            _ journal: JournalFile, _ model: ScriptedModel, _ listener: Listener
        ) throws -> [String] {
            var findings = try journal.rows(
                """
                SELECT type, id, data FROM journal WHERE source = '/convey/effects'
                AND type LIKE 'conv.effect.llm.generation.failed'
                """
            ).map { "a generation failed: \($0)" }
            for answer in Assembly.answers(listener.events) where answer.shown != answer.content {
                findings.append("clients show \(answer.shown), the answer is \(answer.content): \(answer.effectID)")
            }
            let started = try Dictionary(
                grouping: journal.texts(
                    """
                    SELECT replace(id, '-' || json_extract(data, '$.attempt') || '-started', '') FROM journal
                    WHERE source = '/convey/effects' AND type = 'conv.effect.llm.generation.started'
                    """), by: \.self
            ).mapValues(\.count)
            let asked = Dictionary(grouping: model.requests.map(\.idempotencyKey), by: \.self).mapValues(\.count)
            for (key, count) in asked {
                // `abcde-12-0` is the key of the effect `effect-abcde-12-0`.
                let effect = "effect-\(key)"
                if count > started[effect] ?? 0 {
                    findings.append("\(key) was asked \(count) times and started \(started[effect] ?? 0) times")
                }
            }
            return findings
        }

        /// The workers' work was requested, and nothing was done twice.
        private static func findings(workersOf deployment: Deployment, _ calls: [PublishedCall]) -> [String] {
            let known = Set(calls.map(\.idempotencyKey))
            return tools.flatMap { tool -> [String] in
                let log = (try? String(contentsOf: log(of: tool, deployment), encoding: .utf8)) ?? ""
                let done = log.split(separator: "\n").filter { $0.hasPrefix("[\"") }
                    .compactMap { $0.split(separator: "\"").dropFirst().first.map(String.init) }
                var findings = done.filter { !known.contains($0) }.map { "\(tool) did what nobody asked for: \($0)" }
                if Set(done).count != done.count { findings.append("\(tool) did something twice") }
                if done.isEmpty { findings.append("\(tool) has done nothing") }
                return findings
            }
        }

        /// The content of the run; a run without interruptions proves nothing.
        private static func report(_ journal: JournalFile, _ model: ScriptedModel, _ calls: [PublishedCall]) throws {
            func repeats(_ type: String) throws -> Int {
                try journal.number(
                    "SELECT count(*) FROM journal WHERE type = '\(type)' AND json_extract(data, '$.attempt') > 1")
            }
            let generations = try repeats("conv.effect.llm.generation.started")
            let executions = try repeats("conv.effect.tool.execution.started")
            let timers = try journal.number(
                "SELECT count(*) FROM journal WHERE type = 'conv.effect.timer.wait.completed'")
            #expect(generations >= 5, "too few streams were interrupted")
            #expect(executions >= 2, "too few calls were interrupted")
            #expect(Set(calls.map(\.idempotencyKey)).count < calls.count, "no call came again")
            print(
                "\(kills) kills, \(model.requests.count) requests, \(generations) generations and \(executions) calls "
                    + "taken up again, \(calls.count) calls, \(timers) timers")
        }
    }
}
