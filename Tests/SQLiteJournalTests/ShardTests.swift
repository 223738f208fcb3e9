import CSQLite
import Conversation
import Foundation
import JournalPort
import JournalReading
import JournalSupport
import Signals
import Synchronization
import Testing

@testable import SQLiteJournal

@Suite("Shards in files") struct ShardTests {
    private func makeStore(_ directory: TemporaryDirectory, shards: Int = 4) -> SQLiteStore {
        SQLiteStore(directory: directory.path, newLayout: JournalLayout(partitions: 16, shards: shards))
    }

    private func error(_ body: () throws(JournalError) -> Void) -> JournalError? {
        #expect(throws: JournalError.self) { try body() }
    }

    private func move(_ directory: TemporaryDirectory, _ from: String, _ to: String) throws {
        try FileManager.default.moveItem(atPath: directory.path + "/" + from, toPath: directory.path + "/" + to)
    }

    @Test func `Each shard is a journal of its own, with a tag of its own`() throws {
        let directory = TemporaryDirectory()
        do {
            let store = makeStore(directory)
            #expect(try store.prepare() == JournalLayout(partitions: 16, shards: 4))
            let journals = try (0..<4).map { try store.openWriter(shard: $0) }
            #expect(journals.map(\.shard.index) == [0, 1, 2, 3])
            #expect(journals.allSatisfy { $0.shard.count == 4 && $0.partitionCount == 16 })
            #expect(Set(journals.map(\.shard.tag)).count == 4)
            try journals[2].commit(JournalContract.sampleBatch())
            #expect(try journals[1].recoveryPoint().lastPosition == .start)
            #expect(try store.openReader(shard: 2).records(after: .start, limit: 9).count == 3)
        }
        let again = makeStore(directory)
        _ = try again.prepare()
        #expect(try again.openWriter(shard: 2).records(after: .start, limit: 9).count == 3)
    }

    @Test func `An existing journal keeps its shards and its partitions, and reports a request for others`() throws {
        let directory = TemporaryDirectory()
        _ = try makeStore(directory, shards: 3).prepare()
        let told = Mutex([JournalLayout]())
        for shards in [3, 5] {
            let asked = JournalLayout(partitions: 16, shards: shards)
            let store = SQLiteStore(directory: directory.path, newLayout: asked) { found in
                told.withLock { $0.append(found) }
            }
            for _ in 0..<2 { #expect(try store.prepare() == JournalLayout(partitions: 16, shards: 3)) }
        }
        #expect(told.withLock { $0 } == [JournalLayout(partitions: 16, shards: 3)])
        #expect(try SQLiteStore(directory: directory.path).layout().shards == 3)
    }

    @Test func `A store without a journal creates one only with a layout`() throws {
        let directory = TemporaryDirectory()
        let store = SQLiteStore(directory: directory.path)
        #expect(error { () throws(JournalError) in _ = try store.prepare() }?.code == .cannotOpen)
        #expect(!FileManager.default.fileExists(atPath: directory.path))
    }

    /// A rename that was not done, or lost in a power failure, for each subset of the files.
    @Test(arguments: 0..<8)
    func `A creation interrupted between two renames is completed`(_ missing: Int) throws {
        let directory = TemporaryDirectory()
        let names = ["journal.db", "journal-1.db", "journal-2.db"]
        let tags = try { () throws in
            let store = makeStore(directory, shards: 3)
            _ = try store.prepare()
            return try (0..<3).map { try store.openWriter(shard: $0).shard.tag }
        }()
        for (index, name) in names.enumerated() where missing & (1 << index) != 0 {
            try move(directory, name, name + ".new")
        }
        let store = makeStore(directory, shards: 3)
        _ = try store.prepare()
        let found = try (0..<3).map { try store.openWriter(shard: $0).shard.tag }
        // If none is in place, they are made anew.
        #expect((found == tags) == (missing != 7))
        let left = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(left.allSatisfy { !$0.hasSuffix(".new") })
    }

    @Test(arguments: [0, 2])
    func `A shard whose file is missing, damaged or foreign is refused by name, and the others open`(_ shard: Int)
        throws
    {
        let other = TemporaryDirectory()
        _ = try makeStore(other).prepare()
        let name = shard == 0 ? "journal.db" : "journal-\(shard).db"
        let changes: [(String, (String) throws -> Void)] = [
            ("missing", { try FileManager.default.removeItem(atPath: $0) }),
            ("not a SQLite database", { try Data(repeating: 7, count: 9_000).write(to: URL(fileURLWithPath: $0)) }),
            (
                "another journal",
                { path in
                    try FileManager.default.removeItem(atPath: path)
                    try FileManager.default.copyItem(atPath: other.path + "/" + name, toPath: path)
                }
            ),
        ]
        for (words, change) in changes {
            let directory = TemporaryDirectory()
            _ = try makeStore(directory).prepare()
            try change(directory.path + "/" + name)
            let store = makeStore(directory)
            #expect(try store.prepare().shards == 4)
            // If the first file is of another journal, the others look foreign.
            let isFirst = shard == 0 && words == "another journal"
            for index in 0..<4 where (index == shard) != isFirst {
                let found = error { () throws(JournalError) in _ = try store.openWriter(shard: index) }
                #expect(found?.message.contains(words) == true, "\(found?.message ?? "")")
                #expect(isFirst || found?.message.contains(name) == true)
            }
            for index in 0..<4 where (index == shard) == isFirst { _ = try store.openWriter(shard: index) }
        }
    }

    @Test func `Swapped files are refused`() throws {
        let directory = TemporaryDirectory()
        _ = try makeStore(directory).prepare()
        try move(directory, "journal-1.db", "x")
        try move(directory, "journal-2.db", "journal-1.db")
        try move(directory, "x", "journal-2.db")
        let store = makeStore(directory)
        _ = try store.prepare()
        let found = error { () throws(JournalError) in _ = try store.openWriter(shard: 1) }
        #expect(found?.message.contains("is shard 2") == true)
        _ = try store.openWriter(shard: 3)
    }

    @Test func `Another process may not open any shard of a directory`() throws {
        let directory = TemporaryDirectory()
        let first = makeStore(directory)
        _ = try first.prepare()
        #expect(error { () throws(JournalError) in _ = try makeStore(directory).prepare() }?.code == .inUse)
        withExtendedLifetime(first) {}
    }

    @Test func `A tag is five characters of base 32`() {
        var random = SystemRandomNumberGenerator()
        let tags = (0..<100).map { _ in ShardTag.random(using: &random) }
        #expect(tags.allSatisfy { ShardTag($0.text) == $0 } && Set(tags).count > 90)
        for text in ["", "abcd", "abcdef", "abcd1", "ABCDE", "abcdé"] { #expect(ShardTag(text) == nil) }
    }
}
