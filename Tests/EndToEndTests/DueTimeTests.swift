import Foundation
import Glibc
import TestSupport
import Testing

/// A start on a machine whose monotonic clock has just begun: a time namespace (time_namespaces(7)).
private enum FreshBoot {
    /// The program that starts Convey in it, or nil if this user may not make such a namespace.
    static func wrapper(uptime: Int = 1) throws -> [String]? {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        var boot = timespec()
        clock_gettime(CLOCK_BOOTTIME, &boot)
        let command = [
            "/usr/bin/unshare", "--time", "--fork", "--kill-child", "--monotonic", "\(uptime - now.tv_sec)",
            "--boottime",
            "\(uptime - boot.tv_sec)",
        ]
        let probe = try ChildProcess(command[0], Array(command.dropFirst()) + ["/bin/true"])
        try waitUntil("unshare has ended") { probe.ended != nil }
        guard probe.ended == .exited(0) else {
            print("SKIPPED: no start after a boot is tested, because this user may not make a time namespace")
            return nil
        }
        return command
    }
}

@Suite("Due times")
struct DueTimeTests {
    private func timer(_ subject: String, _ id: String, _ data: String) -> (topic: String, payload: [UInt8]) {
        (
            "conv/in/\(subject)/timer/tick",
            Array(
                #"{"specversion":"1.0","id":"\#(id)","source":"/test","type":"conv.in.timer.tick","subject":"\#(subject)","data":\#(data)}"#
                    .utf8)
        )
    }

    @Test(
        "A timer long overdue fires at once, and Convey continues, stops and starts again",
        .timeLimit(.minutes(2)),
        arguments: [
            #"{"fire_at":"2001-01-01T00:00:00Z"}"#, #"{"fire_at":"0001-01-01T00:00:00Z"}"#,
            #"{"fire_at":-62135596800000}"#,
        ])
    func longPast(data: String) async throws {
        let deployment = try Deployment()
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await ReceiptClient(deployment)
        let past = timer("t", "past", data)
        #expect(try await client.publish(topic: past.topic, payload: past.payload).status == "recorded")
        _ = try await listener.first("the timer fires") { $0.type == "conv.effect.timer.wait.completed" }
        let next = OwnSignal(
            subject: "t", source: "/test", id: "m", type: "conv.in.message.received", content: "still there")
        #expect(try await client.publish(next).status == "recorded")
        _ = try await listener.first("an answer") { $0.type == "conv.out.assistant.completed" }
        #expect(try await deployment.terminate() == .exited(0))
        try await deployment.start()
        #expect(try await deployment.terminate() == .exited(0))
        await client.stop()
        await listener.stop()
    }

    @Test(
        "Timers, pauses and merge windows that fell due while the machine was off end right after the boot",
        .timeLimit(.minutes(3)))
    func afterBoot() async throws {
        guard let freshBoot = try FreshBoot.wrapper() else { return }
        let deployment = try Deployment([
            "--llm-double-texting", "merge", "--llm-merge-window", "3s",
        ])
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await ReceiptClient(deployment)
        let wait = timer("timers", "late", #"{"delay_ms":3000}"#)
        #expect(try await client.publish(topic: wait.topic, payload: wait.payload).status == "recorded")
        let message = OwnSignal(
            subject: "merged", source: "/test", id: "m", type: "conv.in.message.received", content: "good morning")
        #expect(try await client.publish(message).status == "recorded")
        // Power loss; when power comes back, everything is overdue by longer than the new clock has run.
        deployment.kill()
        let overdue = ContinuousClock.now + .seconds(8)
        try await eventually("everything is overdue", seconds: 30) { ContinuousClock.now > overdue }

        try deployment.launch(under: freshBoot)
        try await deployment.waitUntilReady()
        _ = try await listener.first("the timer fires") { $0.type == "conv.effect.timer.wait.completed" }
        _ = try await listener.first("the answer") {
            $0.type == "conv.out.assistant.completed" && $0.data("content") == "good morning"
        }
        let next = OwnSignal(subject: "timers", source: "/test", id: "n", type: "conv.in.note.taken", content: "on")
        #expect(try await client.publish(next).status == "recorded")
        #expect(try await deployment.terminate() == .exited(0))
        let journal = try JournalFile(deployment.journal)
        try JournalAudit.expectSound(journal, isAtRest: true)
        await client.stop()
        await listener.stop()
    }
}
