import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Commands")
struct CommandTests {
    private static func run(_ deployment: Deployment, _ name: String, _ arguments: [String]) throws -> ConveyProcess {
        try ConveyProcess([name] + arguments, in: deployment.directory, name: name)
    }

    @Test("send --wait prints the answer; the same id again is recorded once", .timeLimit(.minutes(1)))
    func send() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "1ms"])
        try await deployment.start()
        let arguments = ["chat", "hello to you", "--id", "m1"] + deployment.brokerFlags
        let waiting = try Self.run(deployment, "send", arguments + ["--wait"])
        try await eventually("send --wait ends") { waiting.ended != nil }
        #expect(waiting.ended == .exited(0), "\(waiting.log)")
        #expect(waiting.output == "hello to you\n")

        let again = try Self.run(deployment, "send", arguments)
        try await eventually("send ends") { again.ended != nil }
        #expect(again.ended == .exited(0), "\(again.log)")
        #expect(again.output.hasPrefix("m1 was recorded before"))
        #expect(
            try JournalFile(deployment.journal).number("SELECT count(*) FROM journal WHERE type LIKE 'conv.in.%'") == 1)
    }

    @Test(
        "send --wait ends and says so when an answer is cut off, has no text, or calls an unknown tool",
        .timeLimit(.minutes(2)))
    func sendNotWhole() async throws {
        let model = try ScriptedModel { request, reply in
            switch request.question {
            case "cut call":
                try reply.call([.init(name: "get_weather", arguments: #"{"city":"Os"#)], id: "call", finish: "length")
            case "no call": try reply.finish("tool_calls")
            case "nameless call": try reply.call([.init(name: "", arguments: "{}")], id: "call")
            case "cut text":
                try reply.say(["half an"])
                try reply.finish("length")
            case "thinking":
                try reply.think("hm")
                try reply.finish()
            case "blank":
                try reply.say([" \n"])
                try reply.finish()
            default:
                try reply.connection.reply(status: 400, type: "text/plain", "no such question")
            }
        }
        let deployment = try Deployment(model.flags + ToolBench.flags() + ["--effects-llm-max-attempts", "1"])
        try await deployment.start()
        let listener = try await deployment.listener(Listener.everything + ["conv/tool/#"])
        for (question, status, output, note) in [
            ("cut call", 1, "", "finish_reason length"), ("no call", 1, "", "called none"),
            ("nameless call", 1, "", "without naming it"), ("cut text", 0, "half an\n", "finish_reason length"),
            ("thinking", 0, "", "the answer has no text"), ("blank", 0, " \n", "the answer has no text"),
            ("other", 1, "", "no such question"),
        ] as [(String, Int32, String, String)] {
            let subject = question.replacing(" ", with: "-")
            let send = try Self.run(deployment, "send", [subject, question, "--wait"] + deployment.brokerFlags)
            try await eventually("send --wait ends: \(question)", seconds: 30) { send.ended != nil }
            #expect(send.ended == .exited(status), "\(question): \(send.log)")
            #expect(send.output == output, "\(question)")
            #expect(send.log.contains(note), "\(question): \(send.log)")
        }
        #expect(listener.calls.isEmpty)
        for subject in ["thinking", "blank"] {
            let end = try await listener.first("conv.out.assistant.completed", of: subject)
            #expect(end.data("content") == "")
        }
        let failed = try await listener.first("conv.out.assistant.failed", of: "cut-call")
        #expect(failed.data("code") == "incomplete_tool_calls")
        await listener.stop()
    }

    @Test("An answer that waits for its provider is reported on conv/out and by send --wait", .timeLimit(.minutes(1)))
    func sendWaiting() async throws {
        let hasRefused = Gate()
        let model = try ScriptedModel { _, reply in
            guard hasRefused.isOpen else {
                hasRefused.open()
                return try reply.connection.reply(
                    status: 429, headers: ["Retry-After: 3600"], #"{"errors":[{"message":"slow down"}]}"#)
            }
            try reply.say(["here I am"])
            try reply.finish()
        }
        let deployment = try Deployment(model.flags + ["--effects-llm-backoff-limit", "100ms"])
        try await deployment.start()
        let listener = try await deployment.listener()
        let send = try Self.run(deployment, "send", ["chat", "anyone?", "--wait"] + deployment.brokerFlags)
        try await eventually("send --wait ends", seconds: 30) { send.ended != nil }
        #expect(send.ended == .exited(0), "\(send.log)")
        #expect(send.output == "here I am\n")
        #expect(send.log.contains("trying again in 1 s") && send.log.contains("slow down"), "\(send.log)")
        let waiting = try await listener.first("conv.out.assistant.waiting", of: "chat")
        #expect(waiting.data("retry_in_ms", as: Int.self) == 100)
        #expect(waiting.data("retry_after_ms", as: Int.self) == 3_600_000)
        await listener.stop()
    }

    /// A Convey with a model that calls a tool before it answers, and the worker that runs it.
    private static func withTools() throws -> (Deployment, PythonWorker, ScriptedModel) {
        let model = try ScriptedModel { request, reply in
            if request.rounds == 0 {
                try reply.say(["One ", "moment."])
                try reply.call([.init(name: "get_weather", arguments: #"{"city":"\#(request.question)"}"#)], id: "call")
            } else {
                try reply.say(["Now I know: ", request.results.joined()])
                try reply.finish()
            }
        }
        let deployment = try Deployment(model.flags + ToolBench.flags())
        let worker = try PythonWorker(
            broker: deployment.broker, log: deployment.directory.appendingPathComponent("worker.jsonl"))
        return (deployment, worker, model)
    }

    private static let weather = #"Now I know: {"city": "Oslo", "temperature": 18, "unit": "C"}"#

    @Test("send --wait shows an answer with a tool call to its end, with a note of the tool", .timeLimit(.minutes(2)))
    func sendWithTools() async throws {
        let (deployment, worker, model) = try Self.withTools()
        try await deployment.start()
        let send = try Self.run(deployment, "send", ["chat", "Oslo", "--wait"] + deployment.brokerFlags)
        try await eventually("send --wait ends") { send.ended != nil }
        #expect(send.ended == .exited(0), "\(send.log)")
        #expect(send.output == "One moment.\n\(Self.weather)\n")
        #expect(send.log.contains("[get_weather runs]"), "\(send.log)")
        #expect(model.requests.map(\.tools) == [["get_weather"], ["get_weather"]])
        worker.kill()
    }

    @Test("chat shows answers with tool calls one after the other, and notes failed calls", .timeLimit(.minutes(2)))
    func chatWithTools() async throws {
        let (deployment, worker, model) = try Self.withTools()
        try await deployment.start()
        let input = deployment.directory.appendingPathComponent("input")
        try "Oslo\nAtlantis\n".write(to: input, atomically: true, encoding: .utf8)
        let chat = try ConveyProcess(
            ["chat", "chat"] + deployment.brokerFlags, input: input.path, in: deployment.directory, name: "chat")
        try await eventually("chat ends") { chat.ended != nil }
        #expect(chat.ended == .exited(0), "\(chat.log)")
        let lines = chat.output.split(separator: "\n").map(String.init)
        #expect(lines.prefix(3) == ["One moment.", Self.weather, "One moment."])
        #expect(lines.count == 4 && lines.last?.hasPrefix("Now I know: ") == true, "\(chat.output)")
        #expect(chat.log.split(separator: "\n").count { $0.contains("[get_weather runs]") } == 2, "\(chat.log)")
        #expect(
            chat.log.contains("[the tool get_weather failed: there is no weather station in Atlantis]"), "\(chat.log)")
        #expect(model.requests.last?.results.joined().contains("no weather station") == true)
        worker.kill()
    }

    @Test(
        "Control characters from a model or a publisher reach no terminal, whatever the command",
        .timeLimit(.minutes(2)))
    func controlCharacters() async throws {
        let hostile = "\u{1b}]0;owned\u{7}\u{1b}[31mred\u{9b}31m\u{8}"
        let model = try ScriptedModel { _, reply in
            try reply.say([hostile, "end"])
            try reply.finish()
        }
        let deployment = try Deployment(model.flags)
        try await deployment.start()
        let tail = try Self.run(deployment, "tail", deployment.brokerFlags)
        try await eventually("tail has subscribed") { deployment.broker.log.contains("conv/out/+/#") }
        let send = try Self.run(deployment, "send", ["chat", "x" + hostile, "--wait"] + deployment.brokerFlags)
        try await eventually("send --wait ends") { send.ended != nil }
        #expect(send.output.hasSuffix("end\n"))
        try await eventually("tail shows the answer") { tail.output.contains("assistant.completed") }
        tail.send(signal: SIGINT)
        var processes = [send, tail]
        for command in [["timeline"], ["context"], ["events"], ["state"]] {
            let process = try Self.run(
                deployment, command[0], command.dropFirst() + ["chat", "--http", "127.0.0.1:\(deployment.httpPort)"])
            try await eventually("\(command) ends") { process.ended != nil }
            processes.append(process)
        }
        for process in processes {
            #expect(!process.output.isEmpty)
            let controls = (process.output + process.log).unicodeScalars.filter {
                $0.properties.generalCategory == .control && $0 != "\n"
            }
            #expect(controls.isEmpty, "\(process.output.debugDescription)")
        }
        #expect(!deployment.log.contains("\u{1b}"))
    }

    @Test("tail --json prints one envelope per line until it is interrupted", .timeLimit(.minutes(1)))
    func tail() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "1ms"])
        try await deployment.start()
        let tail = try Self.run(deployment, "tail", ["chat", "--json", "--family", "out"] + deployment.brokerFlags)
        try await eventually("tail has subscribed") { deployment.broker.log.contains("conv/out/chat/#") }
        let send = try Self.run(deployment, "send", ["chat", "one two", "--wait"] + deployment.brokerFlags)
        try await eventually("tail shows the answer") { tail.output.contains("conv.out.assistant.completed") }
        try await eventually("send ends") { send.ended != nil }
        tail.send(signal: SIGINT)
        try await eventually("tail ends") { tail.ended != nil }
        let types = try tail.output.split(separator: "\n").map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return object?["type"] as? String ?? "none"
        }
        #expect(
            types == ["conv.out.assistant.delta", "conv.out.assistant.delta", "conv.out.assistant.completed"])
    }

    @Test("health exits with 0 when ready, 1 without a broker, 69 when nobody answers", .timeLimit(.minutes(1)))
    func health() async throws {
        let deployment = try Deployment()
        try await deployment.start()
        func health() async throws -> (ConveyProcess, ProcessEnd?) {
            let process = try Self.run(
                deployment, "health", ["-o", "json", "--http", "127.0.0.1:\(deployment.httpPort)"])
            try await eventually("health ends") { process.ended != nil }
            return (process, process.ended)
        }
        let ready = try await health()
        #expect(ready.1 == .exited(0))
        #expect(ready.0.output.contains(#""ready":true"#))
        deployment.broker.kill()
        try await eventually("not ready") { !deployment.isReady }
        let red = try await health()
        #expect(red.1 == .exited(1))
        #expect(red.0.output.contains("broker"))
        deployment.kill()
        #expect(try await health().1 == .exited(69))
    }
}
