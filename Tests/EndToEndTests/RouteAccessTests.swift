import Foundation
import TestSupport
import Testing

/// Every route of a real service, with every kind of token. The service itself lists its routes, so a new route is
/// tested here, too.
@Suite("Access to routes", .serialized)
struct RouteAccessTests {
    private struct Route: Hashable {
        let method: String
        let path: String
    }

    /// Routes without a token.
    private static let open: Set<String> = ["GET /healthz", "GET /readyz", "GET /login", "POST /login", "POST /logout"]
    /// Routes that require more than the scope write.
    private static let admin: Set<String> = [
        "POST /v1/deadletters/redrive", "POST /v1/deadletters/discard", "POST /deadletters/move",
    ]

    /// Makes a token with `convey token`, and its line for the file.
    private static func makeToken(_ name: String, _ flags: [String], file: URL) async throws -> String {
        let directory = file.deletingLastPathComponent()
        let command = try ConveyProcess(
            ["token", name, "--file", file.path] + flags, in: directory, name: "token-\(name)")
        try await eventually("convey token ends") { command.ended != nil }
        #expect(command.ended == .exited(0), "\(command.log)")
        return command.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func routes(_ token: String, port: Int) throws -> [Route] {
        let answer = try #require(
            httpExchange("GET", "/nothing", headers: ["Authorization": "Bearer \(token)"], port: port))
        #expect(answer.status == 404)
        let object = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
        let lines = try #require(object?["routes"] as? [String])
        return lines.compactMap { line in
            let words = line.prefix { $0 != ":" }.split(separator: " ")
            return words.count == 2 ? Route(method: String(words[0]), path: String(words[1])) : nil
        }
    }

    @Test(
        "Every route refuses a missing, wrong, expired or insufficient token, and requests from a foreign page",
        .timeLimit(.minutes(2)))
    func everyRoute() async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("routes-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }  // Only temporary files would remain.
        let file = directory.appendingPathComponent("tokens")
        let reader = try await Self.makeToken("rita", [], file: file)
        let writer = try await Self.makeToken("will", ["--scope", "write"], file: file)
        let admin = try await Self.makeToken("ada", ["--scope", "admin", "--expires-in", "1d"], file: file)
        let expired = try await Self.makeToken("eve", ["--scope", "admin", "--expires-in", "0s"], file: file)
        let text = try String(contentsOf: file, encoding: .utf8)
        for token in [reader, writer, admin, expired] { #expect(!text.contains(token), "a token is kept as it is") }

        let deployment = try Deployment(["--http-tokens-file", file.path])
        try await deployment.start()
        let port = deployment.httpPort
        let routes = try Self.routes(admin, port: port)
        #expect(routes.count > 25)
        for route in routes {
            let name = "\(route.method) \(route.path)"
            let path = route.path.replacing("{subject}", with: "chat-1").replacing("{view}", with: "state").replacing(
                "{position}", with: "1")
            func status(_ token: String?, _ more: [String: String] = [:]) throws -> Int {
                var headers = more
                if let token { headers["Authorization"] = "Bearer \(token)" }
                let body = route.method == "POST" ? "{}" : nil
                return try #require(
                    httpExchange(route.method, path, headers: headers, body: body, port: port), "\(name)"
                ).status
            }
            let isOpen = Self.open.contains(name) || route.path.hasPrefix("/assets/")
            for token in [nil, "wrong", expired] {
                #expect(try (status(token) == 401) == !isOpen, "\(name)")
            }
            guard route.method == "POST", !isOpen else { continue }
            #expect(try status(reader) == 403, "\(name) with a token to read")
            #expect(try (status(writer) == 403) == Self.admin.contains(name), "\(name) with a token to write")
            let foreign = ["Origin": "http://evil.example"]
            #expect(try status(admin, foreign) == 403, "\(name) from a foreign page")
            #expect(try ![401, 403].contains(status(admin)), "\(name) with a token for all")
        }
        // A browser's cookie is a token like any other, and does not bypass the checks.
        let cookie = ["Cookie": "convey_token=\(admin)", "Origin": "http://evil.example"]
        #expect(httpExchange("POST", "/c/say", headers: cookie, body: "{}", port: port)?.status == 403)
        #expect(httpExchange("GET", "/status", headers: cookie, port: port)?.status == 200)
        #expect(!deployment.log.contains(admin) && !deployment.log.contains(reader))
    }
}
