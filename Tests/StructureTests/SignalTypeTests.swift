import Testing

@Suite("Signal types")
struct SignalTypeTests {
    private static let home = "Sources/Signals/SignalType.swift"

    @Test("A type of signal is spelled in one file of the sources: SignalType.swift")
    func typesAreSpelledOnce() throws {
        let types = try SourceTree.text(Self.home).matches(of: /\{ ("conv\.[a-z_.]+[a-z]") \}/).map { String($0.1) }
        #expect(types.count > 40)
        for module in try SourceTree.modules() {
            for file in try SourceTree.files(under: "Sources/\(module)") where file.path != Self.home {
                let text = try SourceTree.text(file.path)
                let spelled = types.filter { text.contains($0) }
                #expect(spelled.isEmpty, "\(file.path) spells \(spelled): use the constants of SignalType")
            }
        }
    }
}
