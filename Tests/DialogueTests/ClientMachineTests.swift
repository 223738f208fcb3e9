import Foundation
import Testing

@testable import Dialogue

@Suite("Client commands")
struct ClientMachineTests {
    @Test("A message is a structured CloudEvent on its conversation's topic")
    func outgoingMessage() throws {
        let topics = ConversationTopics(root: "conv", subject: "a/b")
        let signal = OutgoingSignal.message(
            "say \"hi\"\n\u{1}", subject: "a/b", id: "m1", time: Date(timeIntervalSince1970: 0.25), topics: topics)
        #expect(signal.topic == "conv/in/a%2Fb/message/received")
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(signal.payload.utf8)) as? [String: Any])
        #expect(object["specversion"] as? String == "1.0")
        #expect(object["id"] as? String == "m1")
        #expect(object["type"] as? String == "conv.in.message.received")
        #expect(object["subject"] as? String == "a/b")
        #expect(object["time"] as? String == "1970-01-01T00:00:00.250Z")
        #expect(object["contractmajor"] as? Int == 1)
        let data = try #require(object["data"] as? [String: Any])
        #expect(data["content"] as? String == "say \"hi\"\n\u{1}")
        #expect(data["message_id"] as? String == "m1")
        #expect(data["ingress"] as? String == "mqtt")
    }

    @Test("An answer is shown as it comes, without repeats and other messages' answers, and ends at completed")
    func answer() {
        var machine = SendMachine(messageID: "m", waitsForAnswer: true, expectsReceipt: true)
        #expect(machine.handle(.published(delta("Hel", 1))) == [.write("Hel")])
        #expect(machine.handle(.published(delta("Hel", 1))) == [])
        #expect(machine.handle(.published(delta("x", 7, of: "other"))) == [])
        #expect(machine.handle(.published(delta("lo", 2))) == [.write("lo")])
        #expect(machine.handle(.published(completed("Hello"))) == [.write("\n"), .exit(0)])
    }

    @Test("Missed text of an answer is shown from the whole text at its end")
    func missedPieces() {
        var machine = SendMachine(messageID: "m", waitsForAnswer: true, expectsReceipt: true)
        _ = machine.handle(.published(delta("Hel", 1)))
        #expect(machine.handle(.published(completed("Hello"))) == [.write("lo"), .write("\n"), .exit(0)])
        var late = SendMachine(messageID: "m", waitsForAnswer: true, expectsReceipt: true)
        #expect(late.handle(.published(completed("Hello"))) == [.write("Hello"), .write("\n"), .exit(0)])
    }

    @Test("Another attempt starts the answer over")
    func secondAttempt() {
        var answer = AnswerTracker(messageID: "m")
        #expect(answer.handle(delta("Hel", 1, attempt: 1)) == [.text("Hel")])
        #expect(answer.handle(delta("Bon", 2, attempt: 2)) == [.startedOver, .text("Bon")])
    }

    @Test("Without --wait, send ends with the receipt: 0 when recorded, 1 when rejected, 3 when none comes")
    func receipts() throws {
        var machine = SendMachine(messageID: "m", waitsForAnswer: false, expectsReceipt: true)
        #expect(
            machine.handle(.receipt(try receipt(#"{"status":"recorded","id":"m","offset":4}"#)))
                == [.write("m recorded at offset 4\n"), .exit(0)])
        let rejected = try receipt(#"{"status":"rejected","code":"too_deep","message":"65 levels"}"#)
        #expect(machine.handle(.receipt(rejected)) == [.note("rejected: 65 levels (too_deep)"), .exit(1)])
        var lonely = SendMachine(messageID: "m", waitsForAnswer: false, expectsReceipt: true)
        #expect(lonely.handle(.receiptOverdue("m")).last == .exit(3))
    }

    @Test("As JSON, send prints the receipt, or with --wait the event that ends the answer, and no text")
    func sendAsJSON() throws {
        let payload = Array(#"{"status":"recorded","id":"m","offset":4}"#.utf8)
        let recorded = ClientEvent.receipt(try #require(Receipt(payload: payload)))
        var machine = SendMachine(messageID: "m", waitsForAnswer: false, expectsReceipt: true, isJSON: true)
        #expect(machine.handle(recorded) == [.json(payload), .exit(0)])
        let refusal = Array(#"{"status":"rejected","code":"too_deep"}"#.utf8)
        let rejected = ClientEvent.receipt(try #require(Receipt(payload: refusal)))
        var refused = SendMachine(messageID: "m", waitsForAnswer: false, expectsReceipt: true, isJSON: true)
        #expect(refused.handle(rejected) == [.json(refusal), .exit(1)])
        var waiting = SendMachine(messageID: "m", waitsForAnswer: true, expectsReceipt: true, isJSON: true)
        #expect(waiting.handle(recorded) == [])
        #expect(waiting.handle(.published(delta("Hel", 1))) == [])
        let end = completed("Hello")
        #expect(waiting.handle(.published(end)) == [.json(end.payload), .exit(0)])
    }

    @Test("A failed or aborted answer ends send with 1")
    func failedAnswers() {
        var machine = SendMachine(messageID: "m", waitsForAnswer: true, expectsReceipt: true)
        #expect(machine.handle(.published(ended("failed"))) == [.note("the answer failed: no luck"), .exit(1)])
        #expect(machine.handle(.published(ended("canceled"))) == [.note("[aborted]"), .exit(1)])
    }

    @Test("Chat sends a line, shows the answer, and asks for the next")
    func chat() {
        var machine = ChatMachine(isInteractive: true, makeID: { "m" })
        #expect(machine.next() == [.readLine])
        #expect(machine.handle(.line("  ")) == [.readLine])
        #expect(machine.handle(.line("hi")) == [.sendMessage(id: "m", text: "hi")])
        #expect(machine.handle(.published(delta("yo", 1))) == [.write("yo")])
        #expect(machine.handle(.published(completed("yo"))) == [.write("\n"), .readLine])
        #expect(machine.handle(.endOfInput) == [.write("\n"), .exit(0)])
    }

    @Test("A call that waits for approval is shown with its arguments, and /approve or /deny answers it in the chat")
    func chatApproval() {
        let request = event(
            "conv.out.tool.approval_requested", 1, "m", #","tool_name":"refund","arguments":"{\"amount\":40}""#)
        let id = "llm-generation-m"
        for (line, isGiven, reason) in [
            ("/approve", true, nil), ("/deny too dear", false, "too dear"), ("/deny", false, nil),
        ] as [(String, Bool, String?)] {
            var machine = ChatMachine(isInteractive: true, makeID: { "m" })
            _ = machine.next()
            _ = machine.handle(.line("hi"))
            #expect(
                machine.handle(.published(request)) == [
                    .note(#"[refund waits for approval: {"amount":40}; /approve, or /deny REASON]"#), .readLine,
                ])
            #expect(machine.handle(.line("what?")).last == .readLine)
            #expect(
                machine.handle(.line(line)) == [
                    .sendDecision(effectID: id, isGiven: isGiven, reason: reason),
                    .note(isGiven ? "[approved]" : "[denied]"),
                ])
            #expect(machine.handle(.published(completed("yo"))) == [.write("yo"), .write("\n"), .readLine])
        }
        var send = SendMachine(messageID: "m", waitsForAnswer: true, expectsReceipt: true)
        let note = #"[refund waits for approval: {"amount":40}; convey approve chat-42 \#(id)]"#
        #expect(send.handle(.published(request)) == [.note(note)])
    }

    @Test("An answer that ends while the chat waits for a decision does not ask for a second line")
    func decidedElsewhere() {
        var machine = ChatMachine(isInteractive: true, makeID: { "m" })
        _ = machine.next()
        _ = machine.handle(.line("hi"))
        _ = machine.handle(.published(event("conv.out.tool.approval_requested", 1, "m", #","tool_name":"refund""#)))
        #expect(machine.handle(.published(completed("yo"))) == [.write("yo"), .write("\n")])
        #expect(machine.handle(.line("more")) == [.sendMessage(id: "m", text: "more")])
    }

    @Test("Lines that begin with / are commands, // begins a message")
    func chatCommands() {
        var machine = ChatMachine(isInteractive: true, makeID: { "m" })
        #expect(machine.handle(.line("/help")) == [.note(ChatCommandLine.helpText), .readLine])
        #expect(machine.handle(.line("/approve")).first == .note("[no call waits for approval here]"))
        #expect(
            machine.handle(.line("/approve tool-1")) == [
                .sendDecision(effectID: "tool-1", isGiven: true, reason: nil), .note("[approved]"), .readLine,
            ])
        #expect(machine.handle(.line("/abort")) == [.sendAbort, .note("[abort sent]"), .readLine])
        #expect(machine.handle(.line("/nonsense")).first == .note("[there is no /nonsense; /help lists the commands]"))
        #expect(machine.handle(.line("//etc is a directory")) == [.sendMessage(id: "m", text: "/etc is a directory")])
        _ = machine.handle(.published(completed("yes")))
        #expect(machine.handle(.line("/retry")) == [.sendRetry(id: "m")])
        _ = machine.handle(.published(completed("yes")))
        #expect(machine.handle(.line("/quit")) == [.write("\n"), .exit(0)])
    }

    @Test("In a pipe commands work, an answer is shown to its end, and a message waits for a decision to be made")
    func chatInPipe() {
        var script = ChatMachine(isInteractive: false, makeID: { "m" })
        #expect(script.handle(.line("/quit")) == [.exit(0)])
        #expect(script.handle(.line("//quit")) == [.sendMessage(id: "m", text: "/quit")])
        let request = event("conv.out.tool.approval_requested", 1, "m", #","tool_name":"refund""#)
        #expect(script.handle(.published(request)).last == .readLine)
        #expect(script.handle(.line("/approve")).last == .note("[approved]"))
        #expect(script.handle(.published(completed("yo"))) == [.write("yo"), .write("\n"), .readLine])

        _ = script.handle(.line("hi"))
        _ = script.handle(.published(request))
        #expect(script.handle(.line("and then?")) == [])
        #expect(
            script.handle(.published(completed("yo"))) == [
                .write("yo"), .write("\n"), .sendMessage(id: "m", text: "and then?"),
            ])
        _ = script.handle(.published(request))
        #expect(script.handle(.endOfInput) == [])
        #expect(script.handle(.published(completed("yo"))) == [.write("yo"), .write("\n"), .exit(0)])
    }

    @Test("Ctrl-C aborts a running answer, and at the prompt ends the chat")
    func chatInterrupt() {
        var machine = ChatMachine(isInteractive: false, makeID: { "m" })
        _ = machine.handle(.line("hi"))
        _ = machine.handle(.published(delta("y", 1)))
        #expect(machine.handle(.interrupted) == [.sendAbort])
        #expect(machine.handle(.published(ended("canceled"))) == [.write("\n"), .note("[aborted]"), .readLine])
        #expect(machine.handle(.interrupted) == [.exit(0)])
    }

    @Test("A second Ctrl-C ends the chat even when nobody answers the abort")
    func chatSecondInterrupt() {
        var machine = ChatMachine(isInteractive: false, makeID: { "m" })
        _ = machine.handle(.line("hi"))
        _ = machine.handle(.interrupted)
        #expect(machine.handle(.interrupted) == [.exit(130)])
    }

    @Test("A time-out of an earlier message does not end a later one")
    func staleTimeouts() {
        var machine = ChatMachine(isInteractive: false, makeID: { "m" })
        _ = machine.handle(.line("hi"))
        #expect(machine.handle(.timeout("earlier")) == [])
        #expect(machine.handle(.receiptOverdue("earlier")) == [])
        #expect(machine.handle(.timeout("m")) == [.note("[no answer in time]"), .readLine])
    }

    // MARK: -

    private func delta(_ text: String, _ sequence: Int, of id: String = "m", attempt: Int? = nil) -> PublishedEvent {
        let tail = attempt.map { ",\"attempt\":\($0)" } ?? ""
        return event("conv.out.assistant.delta", sequence, id, ",\"delta\":\"\(text)\"\(tail)")
    }

    private func completed(_ content: String) -> PublishedEvent {
        event("conv.out.assistant.completed", 99, "m", ",\"content\":\"\(content)\"")
    }

    @Test("While an earlier answer waits for its model, the one behind it says so, until it has begun itself")
    func behindAnother() {
        var answer = AnswerTracker(messageID: "m")
        let wait = #","retry_in_ms":2000,"reason":"transport","message":"no connection""#
        guard case .note(let words)? = answer.handle(event("conv.out.assistant.waiting", 1, "first", wait)).first else {
            Issue.record("nothing is said")
            return
        }
        #expect(words.hasPrefix("an earlier answer comes first: trying again in 2 s"))
        #expect(answer.handle(event("conv.out.assistant.delta", 2, "m", #","delta":"Hi""#)) == [.text("Hi")])
        #expect(answer.handle(event("conv.out.assistant.waiting", 3, "other", wait)) == [])
    }

    @Test("An answer continues after tool calls, and its last generation ends it")
    func answersWithTools() {
        var answer = AnswerTracker(messageID: "m")
        let later = #","metadata":{"answers":"m"}"#
        #expect(
            answer.handle(event("conv.out.assistant.delta", 1, "m", #","delta":"Let me see.""#)) == [
                .text("Let me see.")
            ])
        #expect(
            answer.handle(
                event("conv.out.assistant.completed", 2, "m", #","content":"Let me see.","finish_reason":"tool_calls""#)
            )
                == [])
        #expect(
            answer.handle(event("conv.effect.tool.execution.started", 3, "t", #","tool_name":"clock""# + later))
                == [.tool("clock runs")])
        #expect(
            answer.handle(event("conv.out.assistant.delta", 4, "x", #","delta":"Noon.""# + later)) == [.text("Noon.")])
        #expect(answer.handle(event("conv.out.assistant.delta", 5, "y", #","delta":"Other""#)) == [])
        #expect(
            answer.handle(
                event("conv.out.assistant.completed", 6, "x", #","content":"Noon.","finish_reason":"stop""# + later))
                == [.completed])
    }

    @Test(
        "An incomplete answer, or one without text, ends with a note",
        arguments: [
            (#","content":"half","finish_reason":"length""#, "half\n", "finish_reason length"),
            (#","content":"","finish_reason":"content_filter""#, "", "finish_reason content_filter"),
            (#","content":"","finish_reason":"stop""#, "", "no text"), (#","content":" ""#, " \n", "no text"),
        ])
    func notWhole(data: String, text: String, note: String) {
        var machine = SendMachine(messageID: "m", waitsForAnswer: true, expectsReceipt: true)
        let actions = machine.handle(.published(event("conv.out.assistant.completed", 1, "m", data)))
        let written = actions.reduce(into: "") { if case .write(let text) = $1 { $0 += text } }
        #expect(written == text)
        #expect(actions.contains { if case .note(let text) = $0 { text.contains(note) } else { false } })
        #expect(actions.last == .exit(0))
    }

    @Test("A waiting answer says so, and continues")
    func waiting() {
        let data = #","message":"answered 429","retry_in_ms":29001"#
        var machine = SendMachine(messageID: "m", waitsForAnswer: true, expectsReceipt: true)
        #expect(
            machine.handle(.published(event("conv.out.assistant.waiting", 1, "m", data))) == [
                .note("[trying again in 30 s: answered 429]")
            ])
        #expect(machine.handle(.published(completed("yo"))) == [.write("yo"), .write("\n"), .exit(0)])
    }

    private func ended(_ how: String) -> PublishedEvent {
        event(
            "conv.out.assistant.\(how)", 1, "m", ",\"lifecycle\":\"\(how)\",\"message\":\"no luck\""
        )
    }

    private func event(_ type: String, _ sequence: Int, _ id: String, _ data: String) -> PublishedEvent {
        let payload = """
            {"specversion":"1.0","id":"e-\(sequence)","source":"/convey/x","type":"\(type)","subject":"chat-42",\
            "time":"2026-11-22T18:40:38.123Z","sequence":\(sequence),"data":{"effect_id":"llm-generation-\(id)"\(data)}}
            """
        guard let event = PublishedEvent(payload: Array(payload.utf8)) else {
            preconditionFailure("the test's own event cannot be read: \(payload)")
        }
        return event
    }

    private func receipt(_ text: String) throws -> Receipt {
        try #require(Receipt(payload: Array(text.utf8)))
    }
}
