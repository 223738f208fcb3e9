import Testing

@testable import Terminal

@Suite("Printable text")
struct PrintableTextTests {
    /// Sequences that a terminal obeys: a window title, colours, both spellings of CSI, backspace, bell, a lone
    /// carriage return.
    static let hostile = [
        "\u{1b}]0;owned\u{7}", "\u{1b}[31mred", "\u{9b}31mred", "\u{9d}0;owned\u{9c}", "pass\u{8}\u{8}", "a\rb",
        "\u{7f}\u{0}",
        "admin\u{202e}txt.exe",
    ]

    @Test("No control character passes the gate, in any form of text", arguments: hostile.indices)
    func nothingPasses(index: Int) {
        let text = Self.hostile[index]
        let forms = [
            PrintableText.make(text), PrintableText.line(text), PrintableText.quoted(text), PrintableText.json(text),
            StyledText(text, .red).plain, TextTable(["A", "B"], empty: "", rows: [[text, text]]).lines[1].plain,
        ]
        for form in forms {
            let controls = form.unicodeScalars.filter {
                $0.properties.generalCategory == .control || $0.value == 0x202e
            }
            #expect(controls.isEmpty, "\(form.debugDescription)")
        }
    }

    @Test("Text in any language, line feeds and tabs stay as they are")
    func whatStays() {
        let text = "Grüße\tпривет\n日本語 👩‍👩‍👧 e\u{301}\n"
        #expect(PrintableText.make(text) == text)
    }

    @Test("A carriage return before a line feed is left out, also where a piece of an answer ends between them")
    func lineEnds() {
        #expect(PrintableText.make("a\r\nb") == "a\nb")
        #expect(PrintableText.make("a\r") + PrintableText.make("\nb") == "a\nb")
    }

    @Test("JSON keeps its meaning with its control characters escaped")
    func json() {
        #expect(PrintableText.json("{\"a\":\"\u{9b}\u{7f}\u{1b}\"}") == #"{"a":"\u009b\u007f\u001b"}"#)
        #expect(PrintableText.json("{\"a\":\n 1}") == "{\"a\":  1}")
    }

    @Test("Colours surround text that is printable already, and only where they are wanted")
    func colors() {
        let text = StyledText("a\u{1b}[31m", .bold) + "b"
        #expect(text.rendered(isColored: true) == "\u{1b}[1ma?[31m\u{1b}[0mb")
        #expect(text.rendered(isColored: false) == "a?[31mb")
    }
}
