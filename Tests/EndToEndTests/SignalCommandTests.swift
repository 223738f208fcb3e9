import TestSupport
import Testing

@Suite("Commands that send signals")
struct SignalCommandTests {
    private static func run(_ deployment: Deployment, _ arguments: [String]) async throws -> ConveyProcess {
        let process = try ConveyProcess(
            arguments + deployment.brokerFlags, in: deployment.directory, name: arguments.joined(separator: "-"))
        try await eventually("\(arguments) ends") { process.ended != nil }
        return process
    }

    @Test(
        "abort reports what it canceled, or that nothing was under way; the next answer uses configure",
        .timeLimit(.minutes(1)))
    func abortAndConfigure() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "2s"])
        try await deployment.start()
        let unknown = try await Self.run(deployment, ["abort", "chat"])
        #expect(unknown.ended == .exited(66) && unknown.log.contains("chat"), "\(unknown.log)")
        #expect(try await Self.run(deployment, ["configure", "chat", "--temperature", "0.5"]).ended == .exited(0))
        let nothing = try await Self.run(deployment, ["abort", "chat"])
        #expect(nothing.ended == .exited(0), "\(nothing.log)")
        #expect(nothing.output.hasSuffix("\nnothing was under way\n"), "\(nothing.output)")

        let listener = try await deployment.listener()
        let send = try ConveyProcess(
            ["send", "chat", "one two three four", "--wait"] + deployment.brokerFlags, in: deployment.directory,
            name: "send")
        _ = try await listener.first("conv.out.assistant.delta", of: "chat")
        let abort = try await Self.run(deployment, ["abort", "chat"])
        #expect(abort.ended == .exited(0), "\(abort.log)")
        #expect(abort.output.contains("canceled llm-generation-"), "\(abort.output)")
        try await eventually("send ends") { send.ended != nil }
        #expect(send.ended == .exited(1))

        let configure = try await Self.run(deployment, ["configure", "chat", "--provider", "nobody"])
        #expect(configure.ended == .exited(0), "\(configure.log)")
        let failed = try await Self.run(deployment, ["send", "chat", "hi", "--wait"])
        #expect(failed.log.contains("nobody"))
        #expect(try await Self.run(deployment, ["configure", "chat"]).ended == .exited(64))
        await listener.stop()
    }

    @Test(
        "approve lets a call run, deny refuses it with a reason for the model, and both report a missing call",
        .timeLimit(.minutes(2)))
    func approveAndDeny() async throws {
        let model = try ScriptedModel.askingForWeather()
        let deployment = try Deployment(
            model.flags + ToolBench.flags(["get_weather"], #""timeout":"20s","requires_approval":true"#))
        let worker = try PythonWorker(
            broker: deployment.broker, log: deployment.directory.appendingPathComponent("worker.jsonl"))
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        func ask(_ subject: String) async throws -> String {
            try await client.publishMany([.message("the weather?", to: subject, id: "m-\(subject)")])
            let request = try await listener.first("conv.out.tool.approval_requested", of: subject)
            return try #require(request.data("effect_id"))
        }
        let approved = try await Self.run(deployment, ["approve", "yes", try await ask("yes")])
        #expect(approved.ended == .exited(0), "\(approved.log)")
        #expect(approved.output.contains("get_weather runs"), "\(approved.output)")
        _ = try await listener.first("conv.out.assistant.completed", of: "yes")

        let denied = try await Self.run(deployment, ["deny", "no", try await ask("no"), "--reason", "not today"])
        #expect(denied.ended == .exited(0), "\(denied.log)")
        #expect(denied.output.contains("get_weather does not run: "), "\(denied.output)")

        for command in [["approve"], ["deny"], ["cancel"]] {
            let unknown = try await Self.run(deployment, command + ["no", "nix"])
            #expect(unknown.ended == .exited(1))
            #expect(unknown.log.contains("no open effect"), "\(unknown.log)")
        }
        worker.kill()
        await client.stop()
        await listener.stop()
    }
}
