import Testing

@testable import Terminal

@Suite("Pastes")
struct PasteFilterTests {
    private func typed(_ text: String) -> String {
        var filter = PasteFilter()
        var scalars = String.UnicodeScalarView()
        for byte in text.utf8 { scalars.append(contentsOf: filter.feed(byte)) }
        return String(scalars)
    }

    @Test("Typed text passes unchanged: letters of any script, line ends, and the keys that begin with ESC")
    func typing() {
        for text in ["hi\r", "日本 e\u{301} 👍\r", "\u{1b}[A\u{1b}[1;5C\u{1b}[3~", "\u{1b}b", "\u{1b}\u{1b}[D"] {
            #expect(typed(text) == text)
        }
    }

    @Test("A paste of several lines is one line, and this can be reversed")
    func paste() {
        let line = typed("see: \u{1b}[200~one\r\ntwo\n\tthree\rfour\u{1b}[201~!")
        #expect(line == "see: one⏎two⏎␉three⏎four!")
        #expect(PasteFilter.text(line) == "see: one\ntwo\n\tthree\nfour!")
        #expect(PasteFilter.line(PasteFilter.text(line)) == line)
    }

    @Test("Nothing in a paste is obeyed: no key, no end of the line, no end of input")
    func control() {
        #expect(typed("\u{1b}[200~a\u{1b}[Ab\u{4}\u{3}\u{1b}[200~\u{1b}[201~\r") == "a?[Ab???[200~\r")
    }

    @Test("Bytes that are not UTF-8 become a substitute and do not delay the following text")
    func broken() {
        var filter = PasteFilter()
        let scalars = ([0xff, 0xfe, 0xfd, 0xfc] + Array("a".utf8)).flatMap { filter.feed($0) }
        #expect(String(String.UnicodeScalarView(scalars)) == "\u{fffd}a")
    }
}
