import Foundation
import Signals
import Testing

@testable import ConveyHTTP

@Suite("The table of documented types")
struct DocumentedTypeTests {
    @Test("Every constant of SignalType is a documented type, and the other way round")
    func tableIsWhole() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let source = try String(contentsOf: root.appending(path: "Sources/Signals/SignalType.swift"), encoding: .utf8)
        // All constants but the prefix, which ends in a dot.
        let constants = source.matches(of: /\{ "(conv\.[a-z_.]+[a-z])" \}/).map { String($0.1) }
        #expect(constants.count > 40)
        #expect(DocumentedType.all.map(\.name).sorted() == constants.sorted())
    }

    @Test("A documented type parses as its family", arguments: DocumentedType.all.map(\.name))
    func familyIsParsed(name: String) throws {
        let type = try #require(DocumentedType.all.first { $0.name == name })
        #expect(Family(type: name) == type.family)
    }

    @Test("Types composed from an effect's class, kind and lifecycle are the constants")
    func composedTypes() {
        #expect(SignalType.effect("llm", "generation", "started") == SignalType.generationStarted)
        #expect(SignalType.effect("tool", "execution", "failed") == SignalType.executionFailed)
        #expect(SignalType.waitCanceled.hasPrefix(SignalType.effectPrefix("timer", "wait")))
        #expect(SignalType.assistantDelta.hasPrefix(SignalType.assistantPrefix))
    }
}
