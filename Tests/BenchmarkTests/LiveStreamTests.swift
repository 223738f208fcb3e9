import Testing

@testable import bench

@Suite("Reading live streams")
struct LiveStreamTests {
    private static let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    private static let body = "retry: 1000\n\nid: 7\ndata: {\"a\":1}\n\n:\n\nid: 8\ndata: {\ndata: }\n\n"

    /// What the reader finds in an answer that arrives in pieces of a given size.
    private func events(_ answer: String, piece: Int) throws -> [String] {
        var reader = ServerSentEventReader()
        var events: [String] = []
        let bytes = Array(answer.utf8)
        for start in stride(from: 0, to: bytes.count, by: piece) {
            try Array(bytes[start..<min(bytes.count, start + piece)]).withUnsafeBytes {
                try reader.read($0) { id, data in events.append("\(id) \(String(decoding: data, as: UTF8.self))") }
            }
        }
        #expect(reader.isOpen)
        return events
    }

    @Test("Events are found however the stream is split", arguments: [1, 2, 7, 10_000])
    func pieces(size: Int) throws {
        #expect(try events("\(Self.head)\r\n\(Self.body)", piece: size) == ["7 {\"a\":1}", "8 {\n}"])
    }

    @Test("Chunks may begin and end anywhere", arguments: [1, 5, 10_000], [1, 3, 100])
    func chunks(size: Int, piece: Int) throws {
        let bytes = Array(Self.body.utf8)
        let chunks = stride(from: 0, to: bytes.count, by: size).map { start in
            let chunk = bytes[start..<min(bytes.count, start + size)]
            return String(chunk.count, radix: 16) + "\r\n" + String(decoding: chunk, as: UTF8.self) + "\r\n"
        }
        let answer = "\(Self.head)Transfer-Encoding: chunked\r\n\r\n\(chunks.joined())0\r\n\r\n"
        #expect(try events(answer, piece: piece) == ["7 {\"a\":1}", "8 {\n}"])
    }

    @Test("An answer that is not a stream is reported")
    func refused() {
        #expect(throws: BenchError.self) { try events("HTTP/1.1 503 Busy\r\n\r\n{}", piece: 10_000) }
    }
}
