import Testing

@testable import ChatCompletions

@Suite struct DeltaCoalescerTests {
    private let start = ContinuousClock.now

    private func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

    private func all(_ coalescer: inout DeltaCoalescer, at milliseconds: Int) -> [ChatDelta] {
        var deltas: [ChatDelta] = []
        while let delta = coalescer.take(at: at(milliseconds)) { deltas.append(delta) }
        return deltas
    }

    @Test func theFirstPieceIsDueAtOnce() {
        var coalescer = DeltaCoalescer(delay: .milliseconds(50), bytes: 256)
        #expect(coalescer.wait(at: at(0)) == nil)
        coalescer.add(.content("a"))
        #expect(coalescer.wait(at: at(0)) == .zero)
        #expect(all(&coalescer, at: 0) == [.content("a")])
    }

    @Test func laterPiecesAreJoinedUntilTheDelayHasPassed() {
        var coalescer = DeltaCoalescer(delay: .milliseconds(50), bytes: 256)
        coalescer.add(.content("a"))
        _ = coalescer.take(at: at(0))
        coalescer.add(.content("b"))
        #expect(coalescer.wait(at: at(10)) == .milliseconds(40))
        #expect(coalescer.take(at: at(10)) == nil)
        coalescer.add(.content("c"))
        #expect(all(&coalescer, at: 49).isEmpty)
        #expect(all(&coalescer, at: 50) == [.content("bc")])
    }

    @Test func aPieceBehindALongSilenceIsDueAtOnce() {
        var coalescer = DeltaCoalescer(delay: .milliseconds(50), bytes: 256)
        coalescer.add(.content("a"))
        _ = coalescer.take(at: at(0))
        coalescer.add(.content("b"))
        #expect(all(&coalescer, at: 200) == [.content("b")])
    }

    @Test func enoughBytesAreDueBeforeTheirTime() {
        var coalescer = DeltaCoalescer(delay: .milliseconds(50), bytes: 4)
        coalescer.add(.content("a"))
        _ = coalescer.take(at: at(0))
        coalescer.add(.content("bcd"))
        #expect(coalescer.take(at: at(1)) == nil)
        coalescer.add(.content("efg"))
        #expect(all(&coalescer, at: 1) == [.content("bcdefg")])
    }

    @Test func kindsAreNotJoinedAndKeepTheirOrder() {
        var coalescer = DeltaCoalescer(delay: .milliseconds(50), bytes: 256)
        for delta: ChatDelta in [.thinking("a"), .thinking("b"), .content("c"), .thinking("d"), .thinking("e")] {
            coalescer.add(delta)
        }
        // The last one may still grow.
        #expect(all(&coalescer, at: 0) == [.thinking("ab"), .content("c")])
        #expect(coalescer.wait(at: at(0)) == .milliseconds(50))
        coalescer.finish()
        #expect(all(&coalescer, at: 0) == [.thinking("de")])
        #expect(coalescer.wait(at: at(0)) == nil)
    }

    @Test(arguments: 0..<50) func nothingIsLostAddedOrReordered(seed: UInt64) {
        var random = Seeded(seed)
        var coalescer = DeltaCoalescer(delay: .milliseconds(20), bytes: 16)
        var expected = ""
        var taken = ""
        func note(_ delta: ChatDelta, in text: inout String) {
            switch delta {
            case .content(let more): for character in more { text += "c\(character)" }
            case .thinking(let more): for character in more { text += "t\(character)" }
            }
        }
        for step in 0..<400 {
            let text = String((0..<Int.random(in: 0...5, using: &random)).map { _ in "x" })
            let delta = Bool.random(using: &random) ? ChatDelta.content(text) : .thinking(text)
            note(delta, in: &expected)
            coalescer.add(delta)
            if Int.random(in: 0..<3, using: &random) == 0 {
                for delta in all(&coalescer, at: step * 3) { note(delta, in: &taken) }
            }
        }
        coalescer.finish()
        for delta in all(&coalescer, at: 1_200) { note(delta, in: &taken) }
        #expect(taken == expected, "seed \(seed)")
        #expect(coalescer.pendingBytes == 0)
    }
}
