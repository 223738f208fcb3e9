import Foundation
import Glibc
import TestSupport
import Testing

extension UnderLoad {
    /// Many clients that ask for much and read nothing, and the memory of a real process.
    @Suite("Clients that do not read")
    struct UnreadTests {
        @Test(
            "Unread live streams and answers stay within their budget, delay nobody, and free their memory",
            .timeLimit(.minutes(3)))
        func unread() async throws {
            let deployment = try Deployment()
            try await deployment.start()
            try fill(deployment)
            let large = "/v1/conversations/large/events?limit=1000"
            #expect(httpGet(large, port: deployment.httpPort)?.status == 200)
            let before = residentBytes(deployment)

            let streams = try (0..<300).map { _ in
                try ask("/v1/conversations/large/stream?after=0", deployment.httpPort)
            }
            try await eventually("all streams") { deployment.metric("convey_live_streams") == 300 }
            #expect(residentBytes(deployment) - before < 100 << 20)
            streams.forEach { close($0) }
            try await eventually("the streams' ends", seconds: 60) { deployment.metric("convey_live_streams") == 0 }

            let answers = try (0..<150).map { _ in try ask(large, deployment.httpPort) }
            var peak = 0
            try await eventually("the budget is full") {
                peak = max(peak, residentBytes(deployment) - before)
                return deployment.metric("convey_answer_bytes") > Double(40 << 20)
            }
            // A small question about another conversation, a page and probes are still answered.
            try await eventually("a small answer") {
                peak = max(peak, residentBytes(deployment) - before)
                return httpGet("/v1/conversations/small/events?limit=1", port: deployment.httpPort)?.status == 200
            }
            #expect(httpGet("/healthz", port: deployment.httpPort)?.status == 200)
            // Clients that do not read lose their connection, and one that reads gets its answer.
            try await eventually("a large answer", seconds: 60) {
                peak = max(peak, residentBytes(deployment) - before)
                #expect(deployment.metric("convey_answer_bytes") <= Double(64 << 20))
                return httpGet(large, port: deployment.httpPort)?.status == 200
            }
            // The budget, and the cost of making the answers.
            #expect(peak < 200 << 20, "\(peak)")
            answers.forEach { close($0) }
            try await eventually("all is given back", seconds: 60) {
                deployment.metric("convey_answer_bytes") < Double(1 << 20)
                    && residentBytes(deployment) - before < 80 << 20
            }
            #expect(try await deployment.terminate() == .exited(0))
        }

        /// A conversation of 5 MB, and one of a few bytes.
        private func fill(_ deployment: Deployment) throws {
            let text = String(repeating: "x", count: 50_000)
            for subject in ["small"] + Array(repeating: "large", count: 100) {
                let path = "/v1/conversations/\(subject)/signals?type=conv.in.note.taken"
                let body = subject == "small" ? "{}" : #"{"text":"\#(text)"}"#
                try #require(httpPost(path, body: body, port: deployment.httpPort)?.status == 201)
            }
        }

        /// Asks on its own connection, and reads nothing.
        private func ask(_ path: String, _ port: Int) throws -> Int32 {
            let connection = try #require(connectToLoopback(port: port))
            let request = Array("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".utf8)
            try #require(send(connection, request, request.count, Int32(MSG_NOSIGNAL)) == request.count)
            return connection
        }

        private func residentBytes(_ deployment: Deployment) -> Int {
            guard let id = deployment.process?.processID,
                let text = try? String(contentsOfFile: "/proc/\(id)/statm", encoding: .utf8),
                let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
            else { return 0 }
            return pages * sysconf(Int32(_SC_PAGESIZE))
        }
    }
}
