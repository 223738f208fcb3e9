import Foundation
import Testing

@testable import ConveyHTTP
@testable import HTTPServing
@testable import ServiceClient
@testable import convey
@testable import ConveySettings

@Suite("HTTPS")
struct TLSTests {
    /// Certificates made with openssl, in a directory that is removed with this value.
    private final class Certificates: Sendable {
        let directory: URL

        init() throws {
            directory = FileManager.default.temporaryDirectory.appendingPathComponent("convey-tls-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            for name in ["own", "other"] {
                let (status, output) = try TLSTests.run(
                    "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days",
                    "2", "-subj", "/CN=convey", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                    path("\(name).key"),
                    "-out", path("\(name).pem"))
                try #require(status == 0, "\(output)")
            }
        }

        deinit { try? FileManager.default.removeItem(at: directory) }

        func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

        func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }
    }

    @Test(
        "A client that trusts the certificate is answered over TLS, and one without TLS is not",
        .timeLimit(.minutes(1)))
    func request() async throws {
        let files = try Certificates()
        let tls = try TLSIdentity(certificates: files.text("own.pem"), key: files.text("own.key"))
        let hash = SHA256.digest("secret".utf8).map { String(Int($0) + 256, radix: 16).dropFirst() }.joined()
        let access = try AccessPolicy(
            address: HTTPAddress(host: "127.0.0.1", port: 0), tokens: TokensFile.parse("ann:read:\(hash)"),
            isEncrypted: true)
        let service = try HTTPService(
            address: HTTPAddress(host: "127.0.0.1", port: 0), access: access, tls: FileValue(tls), limits: HTTPLimits(),
            routes: { _ in LoginRoutes.make(access) })
        async let run: Void = service.run()
        let port = try await service.waitUntilListening()
        let script = """
            import ssl, sys, http.client
            context = ssl.create_default_context(cafile=sys.argv[1])
            c = http.client.HTTPSConnection('127.0.0.1', int(sys.argv[2]), context=context, timeout=10)
            c.request('POST', '/login', 'token=secret', {'Content-Type': 'application/x-www-form-urlencoded'})
            r = c.getresponse()
            print(r.status, r.getheader('Set-Cookie'), c.sock and c.sock.version())
            """
        let (status, output) = try await Task.detached {
            try Self.run("python3", "-c", script, files.path("own.pem"), "\(port)")
        }.value
        #expect(status == 0, "\(output)")
        #expect(output.hasPrefix("303 convey_token=secret;"))
        #expect(output.contains("; Secure"))
        // On loopback the name in the certificate does not matter.
        let address = HTTPAddress(host: "127.0.0.1", port: port)
        func get(_ caFile: String?) async -> Result<Int, HTTPSProbe.Failure> {
            await HTTPSProbe.request(
                "GET", "/login", at: ServiceEndpoint(address: address, isEncrypted: true, caFile: caFile)
            ).map(\.status)
        }
        #expect(await get(nil) == .success(200))
        #expect(await get(files.path("own.pem")) == .success(200))
        // If an authority is given, certificates of other authorities are refused.
        guard case .failure(let failure) = await get(files.path("other.pem")) else {
            Issue.record("a certificate of another authority is taken")
            return
        }
        #expect(failure.message.contains("--http-ca-file"))
        guard case .failure(let unreadable) = await get(files.path("own.key")) else {
            Issue.record("a key is taken for certificates")
            return
        }
        #expect(unreadable.message.contains("own.key"))
        let plain = try Wire(Int(port))
        try plain.send("GET /login HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(await !plain.readAll().contains("HTTP/1.1"))
        await service.stop()
        try await run
    }

    @Test(
        "A service is named by HOST:PORT or a URL; without a scheme the settings say whether it speaks TLS",
        arguments: [
            ("127.0.0.1:8080", false, "http://127.0.0.1:8080"), ("127.0.0.1:8080", true, "https://127.0.0.1:8080"),
            ("http://127.0.0.1:8080/", true, "http://127.0.0.1:8080"),
            ("HTTPS://[::1]:8443", false, "https://[::1]:8443"),
            ("https://localhost:8443", false, "https://localhost:8443"), (":8080", false, "http://127.0.0.1:8080"),
            ("https://convey.example:8443/", false, "https://convey.example:8443"),
        ])
    func endpoints(text: String, encrypted: Bool, expected: String) throws {
        #expect(try #require(ServiceEndpoint(text, encrypted: encrypted)).description == expected)
    }

    @Test(
        "An invalid address is refused",
        arguments: ["", "https://", "https://host", "host:0", "http://h:1/x", "ftp://h:1"])
    func badEndpoints(text: String) { #expect(ServiceEndpoint(text, encrypted: false) == nil) }

    @Test("Plain HTTP at an https address is reported as such")
    func plainHTTP() async throws {
        let service = try HTTPService(
            address: HTTPAddress(host: "127.0.0.1", port: 0), access: nil, tls: nil, limits: HTTPLimits(),
            routes: { _ in [Route("/healthz", "", scope: nil) { _ in HTTPResponse(statusCode: .ok) }] })
        async let run: Void = service.run()
        let port = try await service.waitUntilListening()
        let address = HTTPAddress(host: "127.0.0.1", port: port)
        let result = await HTTPSProbe.request(
            "GET", "/healthz", at: ServiceEndpoint(address: address, isEncrypted: true))
        await service.stop()
        try await run
        guard case .failure(let failure) = result else {
            Issue.record("plain HTTP is taken for HTTPS")
            return
        }
        #expect(failure.message.contains("plain HTTP"))
        let closed = await HTTPSProbe.request("GET", "/", at: ServiceEndpoint(address: address, isEncrypted: true))
        guard case .failure(let nobody) = closed else {
            Issue.record("nobody answers")
            return
        }
        #expect(nobody.message.contains("could not be reached"))
    }

    @Test("A renewed certificate is used for new connections, and an unusable one changes nothing")
    func renewed() async throws {
        let files = try Certificates()
        let (certificate, key) = (files.path("current.pem"), files.path("current.key"))
        func use(_ certificateName: String, _ keyName: String) throws {
            try files.text("\(certificateName).pem").write(toFile: certificate, atomically: true, encoding: .utf8)
            try files.text("\(keyName).key").write(toFile: key, atomically: true, encoding: .utf8)
        }
        try use("own", "own")
        let read: FileValue<TLSIdentity>.Read = { () throws(FileProblem) in
            do {
                return try TLSIdentity(
                    certificates: String(contentsOfFile: certificate, encoding: .utf8),
                    key: String(contentsOfFile: key, encoding: .utf8))
            } catch {
                throw FileProblem("\(error)")
            }
        }
        let tls = FileValue(try read(), paths: [certificate, key], read: read)
        let service = try HTTPService(
            address: HTTPAddress(host: "127.0.0.1", port: 0), access: nil, tls: tls, limits: HTTPLimits(),
            routes: { _ in [Route("/healthz", "", scope: nil) { _ in HTTPResponse(statusCode: .ok) }] })
        async let run: Void = service.run()
        let port = try await service.waitUntilListening()
        let script = """
            import ssl, sys, http.client
            context = ssl.create_default_context(cafile=sys.argv[1])
            c = http.client.HTTPSConnection('127.0.0.1', int(sys.argv[2]), context=context, timeout=10)
            c.request('GET', '/healthz')
            print(c.getresponse().status)
            """
        func isServed(_ name: String) async throws -> Bool {
            try await Task.detached {
                try Self.run("python3", "-c", script, files.path("\(name).pem"), "\(port)").output == "200\n"
            }.value
        }
        #expect(try await isServed("own"))
        try use("other", "own")
        #expect(tls.refresh(isForced: true) != .replaced)
        #expect(try await isServed("own"))
        try use("other", "other")
        service.reload()
        #expect(try await isServed("other"))
        #expect(try await !isServed("own"))
        await service.stop()
        try await run
    }

    @Test("Problems with the files are reported at the start, with the file and without the key")
    func settings() throws {
        let files = try Certificates()
        func problems(_ certificate: String?, _ key: String?) -> [String] {
            var arguments: [String] = []
            if let certificate { arguments += ["--http-tls-certificate-file", files.path(certificate)] }
            if let key { arguments += ["--http-tls-key-file", files.path(key)] }
            do {
                let flags = try ServeCommand.parse(arguments).settingFlags.map(\.given)
                    .reduce(into: [:]) { $0.merge($1) { first, _ in first } }
                _ = try ServeSettings(SettingSources(flags: flags, configFile: nil, environment: [:]))
                return []
            } catch let error as SettingProblems {
                return error.problems.map(\.description)
            } catch {
                return ["\(error)"]
            }
        }
        #expect(problems("own.pem", "own.key").isEmpty)
        #expect(problems("own.pem", nil).contains { $0.hasPrefix("http.tls.key_file: is required") })
        #expect(problems(nil, "own.key").contains { $0.hasPrefix("http.tls.certificate_file: is required") })
        #expect(problems("missing.pem", "own.key").contains { $0.contains("missing.pem cannot be read") })
        #expect(problems("own.key", "own.key").contains { $0.contains("own.key contains no PEM certificate") })
        #expect(problems("own.pem", "own.pem").contains { $0.contains("own.pem contains no PEM key") })
        #expect(problems("own.pem", "other.key").contains { $0.contains("other.key is not the key") })
    }

    private static func run(_ command: String...) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, output)
    }
}
