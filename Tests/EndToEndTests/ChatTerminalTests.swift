import Foundation
import TestSupport
import Testing

@Suite("Chat in a terminal")
struct ChatTerminalTests {
    /// Gives a command a terminal of its own, and takes its standard input as typed text.
    private static let terminal = ["/usr/bin/python3", "-c", "import pty,sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"]

    private static func chat(_ deployment: Deployment, typing keys: String, name: String) async throws -> ConveyProcess
    {
        let input = deployment.directory.appendingPathComponent("\(name)-input")
        try keys.write(to: input, atomically: true, encoding: .utf8)
        let chat = try ConveyProcess(
            ["chat", "chat", "--data", deployment.dataDirectory] + deployment.brokerFlags,
            environment: ["TERM": "xterm"],
            input: input.path, in: deployment.directory, name: name, under: terminal)
        try await eventually("chat ends; \(chat.output)", seconds: 40) { chat.ended != nil }
        return chat
    }

    @Test(
        "Cursor keys edit, a paste of several lines is one message, lines are kept, and a chat shows earlier messages",
        .timeLimit(.minutes(2)))
    func editing() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "1ms"])
        try await deployment.start()
        let left = "\u{1b}[D"
        let first = try await Self.chat(
            deployment,
            typing: "hello wrld\(left)\(left)\(left)o\r\u{1b}[200~日本 one\rtwo\u{1b}[201~\r/nonsense\r/quit\r",
            name: "first")
        #expect(first.ended == .exited(0), "\(first.output)\(first.log)")
        #expect(first.output.contains("there is no /nonsense"))
        let view = httpGet("/v1/conversations/chat/context", port: deployment.httpPort)?.body ?? ""
        #expect(view.contains(#""content":"hello world""#), "\(view)")
        #expect(view.contains(#""content":"日本 one\ntwo""#), "\(view)")

        let history = deployment.dataDirectory + "/chat_history"
        #expect(try String(contentsOfFile: history, encoding: .utf8).contains("hello"))
        let mode = try FileManager.default.attributesOfItem(atPath: history)[.posixPermissions] as? Int
        #expect(mode == 0o600)

        let second = try await Self.chat(deployment, typing: "/quit\r", name: "second")
        #expect(second.ended == .exited(0))
        #expect(second.output.contains("> hello world") && second.output.contains("日本 one"), "\(second.output)")
    }
}
