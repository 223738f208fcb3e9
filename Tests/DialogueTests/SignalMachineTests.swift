import Testing

@testable import Dialogue

@Suite("Commands that send a signal")
struct SignalMachineTests {
    private func machine(expectsReceipt: Bool = true) -> SignalMachine {
        SignalMachine(id: "s", expectsReceipt: expectsReceipt, otherwise: "nothing was under way")
    }

    private func event(_ type: String, cause: String = "s", _ data: String = "{}") throws -> ClientEvent {
        let payload = #"{"id":"e","type":"\#(type)","subject":"c","causationid":"\#(cause)","data":\#(data)}"#
        return .published(try #require(PublishedEvent(payload: Array(payload.utf8))))
    }

    private func recorded() throws -> ClientEvent {
        .receipt(try #require(Receipt(payload: Array(#"{"status":"recorded","id":"s","offset":7}"#.utf8))))
    }

    private let settle = [ClientAction.wake("settled", after: SignalMachine.settling)]

    @Test("An abort says where it was recorded and what it has canceled, and ends with 0")
    func abort() throws {
        var machine = machine()
        #expect(machine.handle(try event("conv.effect.llm.generation.canceled", cause: "other")) == [])
        #expect(machine.handle(try event("conv.applied.event.applied")) == settle)
        let canceled = try event("conv.effect.llm.generation.canceled", #"{"effect_id":"llm-1"}"#)
        #expect(machine.handle(canceled) == [])
        #expect(machine.handle(try recorded()) == [])
        #expect(
            machine.handle(.timeout("settled"))
                == [.write("recorded at offset 7\n"), .write("canceled llm-1\n"), .exit(0)])
    }

    @Test("If nothing follows, the command says so")
    func nothing() throws {
        var machine = machine()
        _ = machine.handle(try recorded())
        _ = machine.handle(try event("conv.applied.event.applied"))
        #expect(
            machine.handle(.timeout("settled")) == [
                .write("recorded at offset 7\n"), .write("nothing was under way\n"), .exit(0),
            ])
    }

    @Test("An effect that does not exist ends the command with 1")
    func unknown() throws {
        var machine = machine()
        _ = machine.handle(try recorded())
        _ = machine.handle(try event("conv.applied.event.applied"))
        let audit = try event("conv.audit.effect.unknown_target", #"{"message":"no open effect has this id"}"#)
        _ = machine.handle(audit)
        #expect(
            machine.handle(.timeout("settled"))
                == [.write("recorded at offset 7\n"), .note("no open effect has this id"), .exit(1)])
    }

    @Test("A signal that is rejected ends with 1, an unconfirmed one with 3, an unapplied one with 3")
    func failures() throws {
        var rejected = machine()
        let receipt = try #require(Receipt(payload: Array(#"{"status":"rejected","code":"x","message":"y"}"#.utf8)))
        #expect(rejected.handle(.receipt(receipt)) == [.note("rejected: y (x)"), .exit(1)])
        var lonely = machine()
        #expect(lonely.handle(.receiptOverdue("s")).last == .exit(3))
        var stuck = machine()
        _ = stuck.handle(try recorded())
        #expect(stuck.handle(.receiptOverdue("s")) == [.wake("unapplied", after: SignalMachine.patience)])
        #expect(stuck.handle(.timeout("unapplied")).last == .exit(3))
    }

    @Test("Without receipts, as with MQTT 3.1.1, the marker says that the signal was recorded")
    func withoutReceipts() throws {
        var machine = machine(expectsReceipt: false)
        #expect(machine.handle(try event("conv.applied.event.applied")) == settle)
        #expect(machine.handle(.receiptOverdue("s")) == [])
        #expect(machine.handle(.timeout("settled")).last == .exit(0))
    }

    @Test("As JSON, the receipt and the events that follow are printed as they came, and nothing else")
    func json() throws {
        var machine = SignalMachine(id: "s", expectsReceipt: true, otherwise: "nothing", isJSON: true)
        let receipt = Array(#"{"status":"recorded","id":"s","offset":7}"#.utf8)
        _ = machine.handle(.receipt(try #require(Receipt(payload: receipt))))
        _ = machine.handle(try event("conv.applied.event.applied"))
        var quiet = machine
        #expect(quiet.handle(.timeout("settled")) == [.json(receipt), .exit(0)])
        let canceled = try event("conv.effect.llm.generation.canceled", #"{"effect_id":"llm-1"}"#)
        _ = machine.handle(canceled)
        guard case .published(let published) = canceled else { return }
        #expect(machine.handle(.timeout("settled")) == [.json(receipt), .json(published.payload), .exit(0)])
    }
}
