import MQTTTransport
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct TLSTests {
    private func options(_ broker: MosquittoProcess, _ tls: BrokerAddress.TLS) -> MQTTOptions {
        var options = consumerOptions(port: broker.port, id: "tls")
        options.broker.tls = tls
        return options
    }

    @Test func messagesTravelOverTLSAndArePUBACKedWhenFlushed() throws {
        let authority = try CertificateAuthority()
        let broker = try authority.broker()
        let both = try Harness(options(broker, .init(caFile: authority.file("ca.pem"))))
        try both.connect()
        _ = try both.subscribe(["t"])
        // More than one TLS record, so that OpenSSL holds bytes that poll(2) cannot see.
        for _ in 0..<100 { _ = try both.connection.publish(topic: "t", payload: [UInt8](repeating: 7, count: 1000)) }
        both.connection.flush()
        try both.pump("100 messages") { $0.messages.count == 100 && $0.acknowledged.count == 100 }
        both.connection.abandon()
        both.forget()
        try #expect(both.connect())
        try both.pump("100 messages again") { $0.messages.count == 100 }
        #expect(both.connection.flush())
        both.connection.disconnect()
        both.forget()
        try #expect(both.connect())
        #expect(try both.subscribe(["u"]) == [1])
        #expect(both.messages.isEmpty)
    }

    @Test func aClientCertificateLetsUsIn() throws {
        let authority = try CertificateAuthority()
        let broker = try authority.broker(requireClientCertificate: true)
        let with = BrokerAddress.TLS(
            caFile: authority.file("ca.pem"), certificateFile: authority.file("client.pem"),
            keyFile: authority.file("client.key"))
        try Harness(options(broker, with)).connect()

        let without = try Harness(options(broker, .init(caFile: authority.file("ca.pem"))))
        #expect(throws: MQTTError.self) { try without.connect() }
    }

    @Test func aForeignAuthorityIsATLSFailure() throws {
        let authority = try CertificateAuthority()
        let broker = try authority.broker()
        let foreign = try CertificateAuthority()
        for tls in [BrokerAddress.TLS(caFile: foreign.file("ca.pem")), BrokerAddress.TLS()] {
            let harness = try Harness(options(broker, tls))
            let error = #expect(throws: MQTTError.self) { try harness.connect() }
            #expect(error?.code == .tlsFailure)
            #expect(error?.underlying?.contains("certificate verify failed") == true)
        }
    }

    @Test func theHostNameIsCheckedUnlessToldOtherwise() throws {
        let authority = try CertificateAuthority(serverName: "DNS:elsewhere.example")
        let broker = try authority.broker()
        var tls = BrokerAddress.TLS(caFile: authority.file("ca.pem"))
        let harness = try Harness(options(broker, tls))
        let error = #expect(throws: MQTTError.self) { try harness.connect() }
        #expect(error?.code == .tlsFailure)
        tls.verifyHostname = false
        try Harness(options(broker, tls)).connect()
    }

    @Test func missingFilesAreNamed() throws {
        var address = BrokerAddress(host: "h", tls: .init(caFile: "/no/such/ca.pem"))
        var error = #expect(throws: MQTTError.self) { try MQTTConnection(MQTTOptions(broker: address, clientID: "x")) }
        #expect(error?.code == .tlsFailure)
        #expect(error?.message.contains("/no/such/ca.pem") == true)
        address.tls = .init(certificateFile: "/dev/null")
        error = #expect(throws: MQTTError.self) { try MQTTConnection(MQTTOptions(broker: address, clientID: "x")) }
        #expect(error?.code == .invalidOption)
    }

    @Test func aListenerWithoutTLSEndsTheHandshakeWithAHint() throws {
        let broker = try openBroker()
        let harness = try Harness(options(broker, .init()))
        let error = #expect(throws: MQTTError.self) { try harness.connect() }
        #expect(error?.message.contains("check that this port speaks TLS") == true)
        #expect(error?.code == .connectionLost)
    }
}
