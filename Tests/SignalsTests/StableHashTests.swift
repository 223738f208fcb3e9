import Signals
import Testing

@Suite struct StableHashTests {
    @Test(
        arguments: [
            ("", 0x1bbd_5c81_3c69_a8d7), ("a", 0x3aec_69d2_86fb_d39b), ("chat-42", 0xe6bd_8a56_53c7_f64e),
            ("project/a+b/conversation/c", 0x23d7_22af_509d_fdad), ("日本", 0xef3e_18c4_b872_7b2b),
        ] as [(String, UInt64)])
    func `The hash of a text never changes`(text: String, golden: UInt64) {
        var hash = StableHash()
        hash.combine(text)
        #expect(hash.value == golden)
    }

    @Test(arguments: [("chat-1", 42), ("chat-2", 22), ("chat-42", 14), ("é", 4)])
    func `The partition of a subject never changes`(subject: String, golden: Int) {
        #expect(StableHash.partition(of: subject, count: 64) == golden)
    }

    @Test func `The end of a text matters`() {
        func hash(_ texts: String...) -> UInt64 {
            var hash = StableHash()
            for text in texts { hash.combine(text) }
            return hash.value
        }
        #expect(hash("ab", "c") != hash("a", "bc"))
    }
}
