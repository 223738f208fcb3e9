import CSQLite
import Foundation
import Glibc
import JournalPort
import JournalSupport
import ProjectionConsumer
import SQLite
import Signals
import Testing

@testable import SQLiteJournal

/// Something in place of a journal that is not one, or not a complete one.
struct ForeignFile: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// The text that the refusal must contain.
    let words: String
    /// Puts it into an empty directory.
    let make: @Sendable (_ directory: String) throws -> Void

    static let all = [
        ForeignFile(testDescription: "an empty file", words: "is empty") { try write([], $0) },
        ForeignFile(testDescription: "a text", words: "not a SQLite database") {
            try write(Array("position,subject\n".utf8) + [UInt8](repeating: 32, count: 8_192), $0)
        },
        ForeignFile(testDescription: "a directory", words: "is a directory") {
            try FileManager.default.createDirectory(atPath: $0 + "/journal.db", withIntermediateDirectories: true)
        },
        ForeignFile(testDescription: "a FIFO", words: "is a FIFO") { mkfifo($0 + "/journal.db", 0o600) },
        ForeignFile(testDescription: "another program's database", words: "another program") {
            try execute("PRAGMA application_id = 5; CREATE TABLE t (x)", in: $0)
        },
        ForeignFile(testDescription: "a database without an application id", words: "another program") {
            try execute("CREATE TABLE t (x); INSERT INTO t VALUES (1)", in: $0)
        },
        ForeignFile(testDescription: "another program's database in WAL mode, in use", words: "another program") {
            try execute("PRAGMA journal_mode = WAL; CREATE TABLE t (x)", in: $0)
        },
        ForeignFile(testDescription: "the database of a projection", words: "projection") {
            _ = try ProjectionStore(path: $0 + "/journal.db", newClientID: "c")
        },
        ForeignFile(testDescription: "a journal of an unreleased build", words: "use another --data") {
            try execute("PRAGMA application_id = \(Schema.unreleasedApplicationID); PRAGMA user_version = 3", in: $0)
        },
        ForeignFile(testDescription: "a journal of a newer version", words: "newer Convey") {
            try journal($0)
            try execute("PRAGMA user_version = 99", in: $0)
        },
        ForeignFile(testDescription: "a newer version that is only in the WAL yet", words: "newer Convey") {
            directory in
            try killed(directory) { try execute("PRAGMA user_version = 99", in: $0, keepingWAL: true) }
        },
        ForeignFile(testDescription: "a journal that is cut off", words: "truncated") { directory in
            try journal(directory)
            let file = try FileHandle(forUpdating: URL(fileURLWithPath: directory + "/journal.db"))
            try file.truncate(atOffset: 8_192 + 100)
            try file.close()
        },
        ForeignFile(testDescription: "a copy without its WAL", words: "copy without its journal.db-wal") { directory in
            try killed(directory) { try FileManager.default.removeItem(atPath: $0 + "/journal.db-wal") }
        },
        ForeignFile(testDescription: "a copy with an empty WAL", words: "copy without its journal.db-wal") {
            directory in
            try killed(directory) { try Data().write(to: URL(fileURLWithPath: $0 + "/journal.db-wal")) }
        },
        ForeignFile(testDescription: "a WAL without its file", words: "is missing") { directory in
            try killed(directory) { try FileManager.default.removeItem(atPath: $0 + "/journal.db") }
        },
        ForeignFile(testDescription: "a file with the WAL of another journal", words: "of different moments") {
            directory in
            try killed(directory) { directory in
                let other = TemporaryDirectory()
                try killed(other.path) { _ in }
                try FileManager.default.removeItem(atPath: directory + "/journal.db-wal")
                try FileManager.default.copyItem(
                    atPath: other.path + "/journal.db-wal", toPath: directory + "/journal.db-wal")
            }
        },
        ForeignFile(testDescription: "a WAL that is cut off", words: "is truncated") { directory in
            try killed(directory) { directory in
                let file = try FileHandle(forUpdating: URL(fileURLWithPath: directory + "/journal.db-wal"))
                try file.truncate(atOffset: 32 + 4_120 * 3)
                try file.close()
            }
        },
        ForeignFile(testDescription: "a WAL with a flipped byte in the middle", words: "is damaged") { directory in
            try killed(directory) { try flip($0 + "/journal.db-wal", at: 32 + 4_120 * 2 + 300) }
        },
        ForeignFile(testDescription: "a WAL with a flipped byte in its header", words: "is damaged") { directory in
            try killed(directory) { try flip($0 + "/journal.db-wal", at: 25) }
        },
    ]

    private static func write(_ bytes: [UInt8], _ directory: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: directory + "/journal.db"))
    }

    private static func flip(_ path: String, at offset: UInt64) throws {
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try file.seek(toOffset: offset)
        let byte = try #require(try file.read(upToCount: 1)?.first)
        try file.seek(toOffset: offset)
        try file.write(contentsOf: [byte ^ 0x10])
        try file.close()
    }

    private static func journal(_ directory: String) throws {
        try SQLiteJournal.open(directory: directory, partitionCount: 4)
            .commit(JournalContract.sampleBatch())
    }

    /// The files that a killed process leaves: as they are while a journal is in use.
    static func killed(
        _ directory: String, commits: Int64 = 5, _ change: (_ directory: String) throws -> Void
    ) throws {
        let running = TemporaryDirectory()
        let journal = try SQLiteJournal.open(directory: running.path, partitionCount: 4)
        try journal.commit(JournalContract.sampleBatch())
        for cursor in 1...commits {
            var batch = JournalBatch()
            batch.outboxCursor = Position(cursor % 3)
            try journal.commit(batch)
        }
        try copyFiles(from: running.path, to: directory)
        try change(directory)
        withExtendedLifetime(journal) {}
    }

    static func copyFiles(from: String, to: String) throws {
        try FileManager.default.createDirectory(atPath: to, withIntermediateDirectories: true)
        for name in ["journal.db", "journal.db-wal"] {
            try FileManager.default.copyItem(atPath: from + "/" + name, toPath: to + "/" + name)
        }
    }
}

/// A directory that is removed with its last reference.
final class TemporaryDirectory {
    let path = NSTemporaryDirectory() + "convey-journal-" + UUID().uuidString

    init() {}

    /// Makes the directory.
    init(made: Void) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        // Only temporary files would remain.
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Names, sizes and contents of everything in the directory.
    func contents() throws -> [String: Data?] {
        var contents: [String: Data?] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: path) {
            var status = stat()
            let isFile = stat(path + "/" + name, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
            contents[name] = .some(isFile ? FileManager.default.contents(atPath: path + "/" + name) : nil)
        }
        return contents
    }
}

/// Runs SQL on the journal of a directory.
/// - Parameter keepingWAL: leaves its changes in the WAL, as a killed process does.
func execute(_ sql: String, in directory: String, keepingWAL: Bool = false) throws {
    var database: OpaquePointer?
    try #require(sqlite3_open(directory + "/journal.db", &database) == SQLITE_OK)
    defer { sqlite3_close(database) }
    if keepingWAL { convey_sqlite3_no_checkpoint_on_close(database) }
    try #require(sqlite3_exec(database, sql, nil, nil, nil) == SQLITE_OK)
}

@Suite("Files that are not a complete journal") struct ForeignFileTests {
    @Test(arguments: ForeignFile.all)
    func `It is refused with its reason, and stays unchanged`(_ foreign: ForeignFile) throws {
        let directory = try TemporaryDirectory(made: ())
        try foreign.make(directory.path)
        let before = try directory.contents()
        let openings: [(String, () throws(JournalError) -> Void)] = [
            (
                "write",
                { () throws(JournalError) in _ = try SQLiteJournal.open(directory: directory.path, partitionCount: 4) }
            ),
            ("read", { () throws(JournalError) in _ = try SQLiteJournal.openReader(directory: directory.path) }),
            (
                "verify",
                { () throws(JournalError) in _ = try SQLiteJournal.openReader(directory: directory.path) }
            ),
            ("look", { () throws(JournalError) in try SQLiteJournal.check(directory: directory.path) }),
        ]
        for (name, open) in openings {
            let error = #expect(throws: JournalError.self, "\(name)") { try open() }
            #expect(error?.message.contains(foreign.words) == true, "\(name): \(error?.message ?? "")")
            #expect(error?.isRetriable == false)
            #expect(try directory.contents() == before, "\(name) has written")
        }
    }

    @Test(arguments: ForeignFile.all.prefix(8).filter { !$0.testDescription.contains("projection") })
    func `A file that is not a projection is not written to`(_ foreign: ForeignFile) throws {
        let directory = try TemporaryDirectory(made: ())
        try foreign.make(directory.path)
        let before = try directory.contents()
        #expect(throws: SQLiteError.self) {
            try ProjectionStore(path: directory.path + "/journal.db", newClientID: "c")
        }
        #expect(try directory.contents() == before)
    }

    @Test func `A journal is not a projection`() throws {
        let directory = TemporaryDirectory()
        _ = try SQLiteJournal.open(directory: directory.path, partitionCount: 4)
        let before = try directory.contents()
        let error = #expect(throws: SQLiteError.self) {
            try ProjectionStore(path: directory.path + "/journal.db", newClientID: "c")
        }
        #expect(error?.message.contains("it is a Convey journal") == true)
        #expect(try directory.contents() == before)
    }

    @Test func `A projection of an unreleased build is refused, since it is ordered by journal positions`() throws {
        let directory = try TemporaryDirectory(made: ())
        try execute(
            "PRAGMA application_id = \(0x436e_7650); PRAGMA user_version = 1; CREATE TABLE t (x)", in: directory.path)
        let before = try directory.contents()
        let error = #expect(throws: SQLiteError.self) {
            try ProjectionStore(path: directory.path + "/journal.db", newClientID: "c")
        }
        #expect(error?.message.contains("use another --database") == true)
        #expect(try directory.contents() == before)
    }

    @Test(arguments: ["a copy without its WAL", "a WAL with a flipped byte in the middle", "a WAL that is cut off"])
    func `The repair in operations/running.md makes it a journal again`(_ name: String) throws {
        let directory = try TemporaryDirectory(made: ())
        try #require(ForeignFile.all.first { $0.testDescription == name }).make(directory.path)
        let sql = "UPDATE settings SET value = 0 WHERE name LIKE 'wal%'; PRAGMA wal_checkpoint(TRUNCATE)"
        try execute(sql, in: directory.path)
        _ = try SQLiteJournal.open(directory: directory.path, partitionCount: 4).recoveryPoint()
    }

    @Test func `A WAL of an earlier service beside a restored backup is refused`() throws {
        let directory = TemporaryDirectory()
        let batch = JournalContract.sampleBatch()
        try SQLiteJournal.open(directory: directory.path, partitionCount: 4).commit(batch)
        let backup = try Data(contentsOf: URL(fileURLWithPath: directory.path + "/journal.db"))
        let killed = TemporaryDirectory()
        do {
            let journal = try SQLiteJournal.open(directory: directory.path, partitionCount: 4)
            for round in 0..<100 { try journal.commit(largeBatch(round)) }
            try ForeignFile.copyFiles(from: directory.path, to: killed.path)
            withExtendedLifetime(journal) {}
        }
        try backup.write(to: URL(fileURLWithPath: killed.path + "/journal.db"))
        let error = #expect(throws: JournalError.self) { try SQLiteJournal.check(directory: killed.path) }
        #expect(error?.message.contains("of different moments") == true)
    }
}

/// A record of some 60 pages, so that 70 of them make a checkpoint due.
private func largeBatch(_ round: Int) -> JournalBatch {
    let signal = Signal(
        id: "large-\(round)", source: "/t", type: "conv.in.note.taken", subject: "a/b #ü",
        data: Array("{\"text\":\"\(String(repeating: "x", count: 240_000))\"}".utf8))
    var batch = JournalBatch()
    batch.records = [
        JournalRecord(
            position: Position(Int64(round) + 4), conversation: ConversationID(1), previous: .start, offset: 1,
            sequence: 1, recordedAt: 1, content: .signal(signal))
    ]
    return batch
}

@Suite("Complete journals") struct WholeFileTests {
    @Test func `The files of a killed process are complete, and open`() throws {
        let directory = TemporaryDirectory()
        try ForeignFile.killed(directory.path) { _ in }
        try SQLiteJournal.check(directory: directory.path)
        let journal = try SQLiteJournal.open(directory: directory.path, partitionCount: 4)
        #expect(try journal.records(after: .start, limit: 10) == JournalContract.sampleBatch().records)
    }

    @Test func `After a clean stop the file alone is complete`() throws {
        let directory = TemporaryDirectory()
        try SQLiteJournal.open(directory: directory.path, partitionCount: 4)
            .commit(JournalContract.sampleBatch())
        #expect(!FileManager.default.fileExists(atPath: directory.path + "/journal.db-wal"))
        try SQLiteJournal.check(directory: directory.path)
        #expect(
            try SQLiteJournal.openReader(directory: directory.path).records(after: .start, limit: 10).count == 3)
    }

    @Test(arguments: ["backup", "VACUUM INTO", "a look with a SQLite shell"])
    func `A copy made with SQLite is complete`(_ way: String) throws {
        let directory = try TemporaryDirectory(made: ())
        let copy = directory.path + "/journal.db"
        if way == "a look with a SQLite shell" {
            try ForeignFile.killed(directory.path) { try execute("SELECT count(*) FROM journal", in: $0) }
            #expect(!FileManager.default.fileExists(atPath: copy + "-wal"))
        } else {
            let running = TemporaryDirectory()
            let journal = try SQLiteJournal.open(directory: running.path, partitionCount: 4)
            try journal.commit(JournalContract.sampleBatch())
            var source: OpaquePointer?
            #expect(sqlite3_open_v2(running.path + "/journal.db", &source, SQLITE_OPEN_READONLY, nil) == SQLITE_OK)
            if way == "backup" {
                var target: OpaquePointer?
                #expect(sqlite3_open(copy, &target) == SQLITE_OK)
                let backup = sqlite3_backup_init(target, "main", source, "main")
                #expect(sqlite3_backup_step(backup, -1) == SQLITE_DONE)
                #expect(sqlite3_backup_finish(backup) == SQLITE_OK)
                sqlite3_close(target)
            } else {
                #expect(sqlite3_exec(source, "VACUUM INTO '\(copy)'", nil, nil, nil) == SQLITE_OK)
            }
            sqlite3_close(source)
            withExtendedLifetime(journal) {}
        }
        try SQLiteJournal.check(directory: directory.path)
        let restored = try SQLiteJournal.open(directory: directory.path, partitionCount: 4)
        #expect(try restored.records(after: .start, limit: 10) == JournalContract.sampleBatch().records)
    }

    @Test func `An interrupted first start does not block the next one`() throws {
        let directory = try TemporaryDirectory(made: ())
        for suffix in ["", "-journal", "-wal"] {
            try Data([1, 2, 3]).write(to: URL(fileURLWithPath: directory.path + "/journal.db.new" + suffix))
        }
        _ = try SQLiteJournal.open(directory: directory.path, partitionCount: 4)
        #expect(try directory.contents().keys.allSatisfy { !$0.contains(".new") })
    }

    @Test func `The file stays complete or names its WAL, however far the WAL has got`() throws {
        let directory = TemporaryDirectory()
        let journal = try SQLiteJournal.open(directory: directory.path, partitionCount: 4)
        try journal.commit(JournalContract.sampleBatch())
        for round in 0..<150 {
            try journal.commit(largeBatch(round))
            guard round % 10 == 0 else { continue }
            let copy = TemporaryDirectory()
            try ForeignFile.copyFiles(from: directory.path, to: copy.path)
            try SQLiteJournal.check(directory: copy.path)
            try FileManager.default.removeItem(atPath: copy.path + "/journal.db-wal")
            #expect(throws: JournalError.self, "round \(round)") { try SQLiteJournal.check(directory: copy.path) }
        }
    }
}

@Suite("Displaced files") struct DisplacedFileTests {
    /// Each is done to the directory `data` in a directory of its own.
    static let ways: [(String, @Sendable (String) throws -> Void)] = [
        ("rm -rf data", { try FileManager.default.removeItem(atPath: $0 + "/data") }),
        ("mv data", { try FileManager.default.moveItem(atPath: $0 + "/data", toPath: $0 + "/away") }),
        ("rm journal.db", { try FileManager.default.removeItem(atPath: $0 + "/data/journal.db") }),
        ("rm journal.db-wal", { try FileManager.default.removeItem(atPath: $0 + "/data/journal.db-wal") }),
        ("rm journal.db-shm", { try FileManager.default.removeItem(atPath: $0 + "/data/journal.db-shm") }),
        ("rm convey.lock", { try FileManager.default.removeItem(atPath: $0 + "/data/convey.lock") }),
        (
            "a copy in its place",
            { base in
                try FileManager.default.copyItem(atPath: base + "/data/journal.db", toPath: base + "/copy")
                rename(base + "/copy", base + "/data/journal.db")
            }
        ),
        (
            "a link to another directory in its place",
            { base in
                try FileManager.default.copyItem(atPath: base + "/data", toPath: base + "/copy")
                try FileManager.default.moveItem(atPath: base + "/data", toPath: base + "/away")
                try FileManager.default.createSymbolicLink(
                    atPath: base + "/data", withDestinationPath: base + "/copy")
            }
        ),
    ]

    @Test(arguments: ways.indices)
    func `A commit is refused, and so is a check between commits`(_ index: Int) throws {
        let (name, change) = Self.ways[index]
        let base = try TemporaryDirectory(made: ())
        let journal = try SQLiteJournal.open(directory: base.path + "/data", partitionCount: 4)
        try journal.confirmInPlace()
        try change(base.path)
        #expect(throws: JournalError.self, "\(name)") { try journal.confirmInPlace() }
        let error = #expect(throws: JournalError.self, "\(name)") {
            try journal.commit(JournalContract.sampleBatch())
        }
        #expect(error?.code == .displaced && error?.isRetriable == true)
        #expect(throws: JournalError.self) { try journal.probe() }
    }

    @Test func `A file truncated in place stops the service`() throws {
        let base = try TemporaryDirectory(made: ())
        let journal = try SQLiteJournal.open(directory: base.path + "/data", partitionCount: 4)
        truncate(base.path + "/data/journal.db", 0)
        let error = #expect(throws: JournalError.self) { try journal.confirmInPlace() }
        #expect(error?.code == .corrupt && error?.isRetriable == false)
    }

    @Test func `After the file is moved back, the journal works again`() throws {
        let base = try TemporaryDirectory(made: ())
        let journal = try SQLiteJournal.open(directory: base.path + "/data", partitionCount: 4)
        rename(base.path + "/data", base.path + "/away")
        #expect(throws: JournalError.self) { try journal.confirmInPlace() }
        rename(base.path + "/away", base.path + "/data")
        try journal.probe()
        try journal.commit(JournalContract.sampleBatch())
    }

    @Test func `Closing does not touch files in their place`() throws {
        let base = try TemporaryDirectory(made: ())
        do {
            let journal = try SQLiteJournal.open(directory: base.path + "/data", partitionCount: 4)
            rename(base.path + "/data", base.path + "/away")
            try ForeignFile.killed(base.path + "/data") { _ in }
            #expect(throws: JournalError.self) {
                try journal.commit(JournalContract.sampleBatch())
            }
        }
        try SQLiteJournal.check(directory: base.path + "/data")
        #expect(FileManager.default.fileExists(atPath: base.path + "/data/journal.db-wal"))
    }
}
