import Foundation

/// A certificate authority with a server and a client certificate, made by openssl.
public final class CertificateAuthority {
    public let directory: URL

    /// - Parameter serverName: the subject alternative name of the server's certificate.
    public init(serverName: String = "IP:127.0.0.1") throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        let authority = ["-x509", "-days", "2", "-subj", "/CN=test CA"]
        try openssl(["req"] + authority + ["-out", file("ca.pem"), "-keyout", file("ca.key")] + key)
        for (name, extensions) in ["server": "subjectAltName=\(serverName)", "client": "keyUsage=digitalSignature"] {
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

    /// The path of one of the files: `ca.pem`, `server.pem`, `server.key`, `client.pem`, `client.key`.
    public func file(_ name: String) -> String { directory.appendingPathComponent(name).path }

    /// A broker that speaks TLS with the server's certificate.
    /// - Parameter configuration: further lines, such as another listener, for which the lines before hold no more.
    public func broker(
        requireClientCertificate: Bool = false, configuration: [String] = []
    ) throws -> MosquittoProcess {
        try MosquittoProcess(
            configuration: [
                "max_inflight_messages 6000", "listener $PORT 127.0.0.1", "cafile \(file("ca.pem"))",
                "certfile \(file("server.pem"))", "keyfile \(file("server.key"))",
                "require_certificate \(requireClientCertificate)",
            ] + configuration)
    }

    private func openssl(_ arguments: [String]) throws { try runProgram("openssl", arguments) }
}
