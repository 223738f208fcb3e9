import Foundation
import MQTTTransport
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct TLSTests {
    /// A certificate authority with a server and a client certificate, made by openssl.
    final class Authority {
        let directory: URL

        init(serverName: String = "IP:127.0.0.1") throws {
            directory = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
            let authority = ["-x509", "-days", "2", "-subj", "/CN=test CA"]
            try openssl(["req"] + authority + ["-out", file("ca.pem"), "-keyout", file("ca.key")] + key)
            for (name, extensions) in ["server": "subjectAltName=\(serverName)", "client": "keyUsage=digitalSignature"]
            {
                try extensions.write(toFile: file("\(name).ext"), atomically: true, encoding: .utf8)
                let files = ["-out", file("\(name).csr"), "-keyout", file("\(name).key")]
                try openssl(["req", "-new", "-subj", "/CN=\(name)"] + files + key)
                try openssl([
                    "x509", "-req", "-days", "2", "-in", file("\(name).csr"), "-CA", file("ca.pem"), "-CAkey",
                    file("ca.key"), "-CAcreateserial", "-out", file("\(name).pem"), "-extfile", file("\(name).ext"),
                ])
            }
        }

        deinit { try? FileManager.default.removeItem(at: directory) }

        func file(_ name: String) -> String { directory.appendingPathComponent(name).path }

        func broker(requireClientCertificate: Bool = false) throws -> MosquittoProcess {
            try MosquittoProcess(configuration: [
                "listener $PORT 127.0.0.1", "cafile \(file("ca.pem"))", "certfile \(file("server.pem"))",
                "keyfile \(file("server.key"))", "require_certificate \(requireClientCertificate)",
                "max_inflight_messages 2000",
            ])
        }

        private func openssl(_ arguments: [String]) throws { try run("openssl", arguments) }
    }

    private func options(_ broker: MosquittoProcess, _ tls: BrokerAddress.TLS) -> MQTTOptions {
        var options = consumerOptions(port: broker.port, id: "tls")
        options.broker.tls = tls
        return options
    }

    @Test func messagesTravelOverTLSAndArePUBACKedWhenFlushed() throws {
        let authority = try Authority()
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
        let authority = try Authority()
        let broker = try authority.broker(requireClientCertificate: true)
        let with = BrokerAddress.TLS(
            caFile: authority.file("ca.pem"), certificateFile: authority.file("client.pem"),
            keyFile: authority.file("client.key"))
        try Harness(options(broker, with)).connect()

        let without = try Harness(options(broker, .init(caFile: authority.file("ca.pem"))))
        #expect(throws: MQTTError.self) { try without.connect() }
    }

    @Test func aForeignAuthorityIsATLSFailure() throws {
        let authority = try Authority()
        let broker = try authority.broker()
        let foreign = try Authority()
        for tls in [BrokerAddress.TLS(caFile: foreign.file("ca.pem")), BrokerAddress.TLS()] {
            let harness = try Harness(options(broker, tls))
            let error = #expect(throws: MQTTError.self) { try harness.connect() }
            #expect(error?.code == .tlsFailure)
            #expect(error?.underlying?.contains("certificate verify failed") == true)
        }
    }

    @Test func theHostNameIsCheckedUnlessToldOtherwise() throws {
        let authority = try Authority(serverName: "DNS:elsewhere.example")
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
