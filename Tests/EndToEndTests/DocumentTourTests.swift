import Testing

@Suite("Documents as they are written")
struct DocumentTourTests {
    @Test("The README's tour works as written, in order, also with other ports", .timeLimit(.minutes(2)))
    func readme() async throws {
        let tour = try DocumentTour("README.md")
        try await tour.run()
    }

    @Test(
        "The tour of tools works as written, with a worker of the examples and a model's mock", .timeLimit(.minutes(2)))
    func tools() async throws {
        let tour = try DocumentTour("docs/guides/tools.md")
        try await tour.run()
    }

    @Test("The commands of PROTOCOL.md work as written, in order", .timeLimit(.minutes(2)))
    func protocolCommands() async throws {
        let tour = try DocumentTour("docs/PROTOCOL.md")
        try await tour.startConvey()
        try await tour.run()
    }

    @Test("An output's shape leaves numbers, ids and … open, and nothing else")
    func shape() throws {
        let shown = ["09:29:03.475  chat-42  effect-k3x7q-1-0  \"hi\"", "…", "end …"]
        let output = ["10:01:59.001  chat-7  effect-abcde-12-0  \"hi\"", "something else", "end of it"]
        #expect(try OutputShape.firstMissing(shown, in: output) == nil)
        #expect(try OutputShape.firstMissing(shown, in: [output[0]]) == "end …")
        #expect(try OutputShape.firstMissing(["\"ha\""], in: output) == "\"ha\"")
    }
}
