import JournalPort
import Testing

@Suite struct SubjectFilterTests {
    @Test(arguments: [
        ("Müller", "MÜLLER"), ("ΟΔΟΣ", "οδος"), ("Οδός", "ΔΌΣ"), ("ИВАН-7", "иван"), ("straße", "STRAẞE"),
        ("chat-42", "HAT-4"),
        ("İzmir", "ZMIR"), ("日本語", "本"), ("ǅ", "ǆ"),
    ])
    func `A text is found regardless of case`(subject: String, wanted: String) {
        #expect(SubjectFilter(contains: wanted).matches(subject))
    }

    @Test(arguments: [
        ("straße", "STRASSE"), ("\u{212a}", "k"), ("ſ", "s"), ("ı", "i"), ("e\u{301}", "é"), ("a", "ä"),
    ])
    func `A letter stays one letter, and no other letter becomes an ASCII one`(subject: String, wanted: String) {
        #expect(!SubjectFilter(contains: wanted).matches(subject))
        #expect(!SubjectFilter(contains: subject).matches(wanted))
    }

    @Test func `Folding twice changes nothing, and keeps ASCII and other letters apart`() {
        for value in (0...0x2fff as ClosedRange<UInt32>) {
            guard let letter = Unicode.Scalar(value) else { continue }
            let folded = SubjectFilter.folded(letter)
            #expect(SubjectFilter.folded(folded) == folded, "U+\(String(value, radix: 16))")
            #expect(folded.isASCII == letter.isASCII, "U+\(String(value, radix: 16))")
        }
    }
}
