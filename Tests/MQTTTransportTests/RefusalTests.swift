import Foundation
import MQTTTransport
import TestSupport
import Testing

/// A failed connection gives its reason, in words and as a code.
@Suite(.timeLimit(.minutes(1)))
struct RefusalTests {
    private func connectError(_ options: MQTTOptions) throws -> MQTTError? {
        let harness = try Harness(options)
        let error = #expect(throws: MQTTError.self) { try harness.connect() }
        #expect(!harness.connection.isOpen)
        return error
    }

    @Test(arguments: [MQTTVersion.v5, .v311])
    func aWrongPasswordIsNotAuthorized(version: MQTTVersion) throws {
        let passwords = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: passwords) }
        try runProgram("mosquitto_passwd", ["-c", "-b", passwords, "ann", "right"])
        let broker = try MosquittoProcess(configuration: ["password_file \(passwords)"], allowAnonymous: false)
        var options = publisherOptions(port: broker.port, version: version)
        options.broker.username = "ann"
        options.broker.password = "wrong"
        let error = try connectError(options)
        #expect(error?.code == .notAuthorized)
        #expect(error?.isRetriable == false)
        #expect(error.map { !"\($0)".contains("wrong") } == true)

        options.broker.password = "right"
        try Harness(options).connect()
    }

    @Test func aPortNobodyListensOnIsUnreachable() throws {
        let error = try connectError(publisherOptions(port: freePort()))
        #expect(error?.code == .hostUnreachable)
        #expect(error?.underlying == "Connection refused")
        #expect(error?.isRetriable == true)
    }

    @Test func aRefusedConnectionSaysSoOnceAndWithoutCodes() throws {
        let port = try freePort()
        let error = try connectError(publisherOptions(port: port))
        #expect(
            error?.forPeople
                == "the broker at mqtt://127.0.0.1:\(port) could not be reached: check that it runs and listens there (connection refused)"
        )
        #expect(error.map { !"\($0)".contains("host_unreachable") } == true)
    }

    /// Many listeners answer an unencrypted CONNECT with a TLS alert; others just close.
    @Test(arguments: [[[UInt8]]](arrayLiteral: [[0x15, 3, 3, 0, 2, 2, 70]], [[]])) func aPortThatSpeaksTLSIsSuspected(
        replies: [[UInt8]]
    )
        throws
    {
        let broker = try ScriptedBroker(replies: replies)
        let harness = try Harness(publisherOptions(port: broker.port))
        let error = #expect(throws: MQTTError.self) { try harness.connect() }
        #expect(error?.message.contains("write mqtts://127.0.0.1:\(broker.port)") == true, "\(error?.message ?? "")")
    }

    @Test func anUnknownHostIsUnreachable() throws {
        var options = publisherOptions(port: 1883)
        options.broker.host = "no-such-host.invalid"
        let error = try connectError(options)
        #expect(error?.code == .hostUnreachable)
        #expect(error?.message.contains("no-such-host.invalid") == true)
    }

    @Test func aDISCONNECTOfTheBrokerEndsTheConnectionWithItsReason() throws {
        let takenOver = try ScriptedBroker(replies: [[0x20, 3, 0, 0, 0, 0xE0, 1, 0x8E]])
        let harness = try Harness(publisherOptions(port: takenOver.port))
        try harness.connection.connect()
        try harness.pump("the end") { $0.end != nil }
        #expect(harness.sessionPresent == false)
        #expect(harness.end?.code == .sessionTakenOver)
        #expect(!harness.connection.isOpen)
        // libmosquitto silently reads on after a DISCONNECT; this must be an empty inbox, not an endless loop.
        harness.forget()
        harness.readOnce()
        #expect(harness.events.isEmpty)
        #expect(!harness.connection.poll(timeoutMilliseconds: 0, wake: nil).isReadable)
    }

    @Test(arguments: [
        (MQTTVersion.v5, [0x20, 3, 0, 0x87, 0], MQTTError.Code.notAuthorized),
        (.v5, [0x20, 3, 0, 0x88, 0], .brokerUnavailable),
        (.v5, [0x20, 3, 0, 0x95, 0], .connectionRefused),
        (.v5, [0x20, 2, 0, 1], .unsupportedVersion),
        (.v311, [0x20, 2, 0, 3], .brokerUnavailable),
        (.v311, [0x20, 2, 0, 5], .notAuthorized),
        (.v311, [0xFF, 0], .protocolViolation),
        (.v5, [], .connectionLost),
    ])
    func everyAnswerToCONNECTHasItsCode(version: MQTTVersion, reply: [UInt8], code: MQTTError.Code) throws {
        let broker = try ScriptedBroker(replies: [reply])
        #expect(try connectError(publisherOptions(port: broker.port, version: version))?.code == code)
    }
}
