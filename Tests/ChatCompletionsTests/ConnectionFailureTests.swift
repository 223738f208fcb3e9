import Foundation
import TestSupport
import Testing

@testable import ChatCompletions

/// Connections that cannot be opened or that break.
@Suite(.timeLimit(.minutes(1))) struct ConnectionFailureTests {
    @Test func aStreamThatIsCutOffIsATransportFailure() async throws {
        let deltas = Deltas()
        let failure = try await failure(into: deltas) { _, connection in
            try connection.beginStream()
            try connection.events([textChunk("partly")])
            connection.close()
        }
        #expect(failure.category == .transport)
        #expect(failure.partialContent == "partly")
        #expect(deltas.content == "partly")
    }

    @Test func aReplyShorterThanItsLengthIsATransportFailure() async throws {
        let failure = try await failure { _, connection in
            try connection.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
            connection.close()
        }
        #expect(failure.category == .transport)
    }

    @Test(arguments: [0, 1, 2]) func aResetConnectionIsATransportFailure(after: Int) async throws {
        let failure = try await failure { _, connection in
            if after > 0 { try connection.beginStream() }
            if after > 1 { try connection.events([textChunk("partly")]) }
            connection.reset()
        }
        #expect(failure.category == .transport)
        #expect(failure.isRetriable)
    }

    @Test func anAnswerThatIsNoHTTPIsATransportFailure() async throws {
        let failure = try await failure { _, connection in
            try connection.send("220 mail.test ESMTP\r\n\r\n")
            try connection.stall()
        }
        #expect(failure.category == .transport)
    }

    @Test func aRefusedConnectionIsATransportFailureAtOnce() async throws {
        let port = try freePort()
        try await withClient { client in
            let start = ContinuousClock.now
            let failure = try await failure(client, provider(port: port))
            #expect(failure.category == .transport)
            #expect(failure.message.contains("could not be reached: connection refused"))
            #expect(failure.message.contains("127.0.0.1:\(port)"))
            #expect(ContinuousClock.now - start < .seconds(5))
        }
    }

    @Test func anUnknownHostIsATransportFailure() async throws {
        try await withClient { client in
            let provider = try ChatProvider(
                name: "lost", baseURL: "https://no-such-host.invalid/v1", apiKey: Secret(testKey), model: "m")
            let failure = try await failure(client, provider)
            #expect(failure.category == .transport)
            #expect(failure.message.contains("host name"))
        }
    }

    @Test func aServerWithoutTLSIsATransportFailure() async throws {
        // The reply of a plain HTTP server to a TLS handshake.
        let server = try ScriptedBroker(replies: [Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)])
        try await withClient { client in
            let failure = try await failure(client, secureProvider(port: server.port))
            #expect(failure.category == .transport)
            #expect(failure.message.contains("speaks plain HTTP, not TLS. Write http:// in the base URL"))
            Self.expectPlainWords(failure.message)
        }
    }

    /// No error numbers, names of libraries, types or paths of sources.
    private static func expectPlainWords(_ message: String) {
        for word in ["error:", "SSL_", "OPENSSL", "BoringSSL", "NIO", ".cc", "/Sources"] {
            #expect(!message.contains(word), "\(message)")
        }
    }

    @Test func aServerWhoseCertificateIsNotTrustedIsATransportFailure() async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let script = repository.appendingPathComponent("scripts/make-certificates.sh").path
        let maker = try ChildProcess("/bin/sh", [script, directory.path])
        try await eventually("the certificates are made") { maker.ended != nil }
        // The server speaks TLS, but not HTTP.
        let broker = try MosquittoProcess(configuration: [
            "certfile \(directory.path)/server.crt", "keyfile \(directory.path)/server.key",
        ])
        try await withClient { client in
            let failure = try await failure(client, secureProvider(port: broker.port))
            #expect(failure.category == .transport)
            #expect(failure.message.contains("TLS"))
            #expect(failure.message.contains("certificate"))
            Self.expectPlainWords(failure.message)
        }
        try await withClient({ $0.certificateAuthorities = "\(directory.path)/ca.crt" }) { client in
            let failure = try await failure(client, secureProvider(port: broker.port))
            #expect(failure.category == .transport)
            #expect(!failure.message.contains("TLS"))
        }
    }

    private func secureProvider(port: Int) throws -> ChatProvider {
        try ChatProvider(
            name: "secure", baseURL: "https://127.0.0.1:\(port)/v1", apiKey: Secret(testKey), model: "m")
    }

    @Test func aClientThatWasShutDownFailsAsCanceled() async throws {
        let client = ChatClient()
        await client.shutDown()
        await client.shutDown()
        #expect(try await failure(client, provider(port: 1)).category == .canceled)
    }
}
