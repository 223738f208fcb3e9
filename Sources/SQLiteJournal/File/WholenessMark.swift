import Glibc
import SQLite

/// What `journal.db` itself says, without its WAL: whether it is complete, or needs the WAL of a certain generation.
///
/// Through SQLite, which reads file and WAL together, a journal is always complete. The file alone is incomplete while
/// it has a WAL. So the mark "not whole" is committed directly before each checkpoint, which copies it into the file,
/// and removed directly after it; until the next checkpoint only the WAL contains the removal. A backup made through
/// SQLite is complete, and so is the file when the last program that has it open checkpoints the WAL into it. A copy of
/// the file alone says that it is incomplete.
struct WholenessMark: Equatable {
    /// The generation of the WAL at that time; the next one fits as well.
    let generation: UInt32
    let needsWAL: Bool
    /// The schema cookie at that time: a different one shows that SQLite has rewritten the file completely.
    let schemaCookie: Int64
    /// The length of the WAL at that time. It does not shrink while it is in use.
    let walBytes: Int64

    /// As stored in the table `settings`: `wal` is 0 before the first mark, negative for a complete file.
    init?(value: Int64, schemaCookie: Int64, walBytes: Int64) {
        guard value != 0, value.magnitude <= UInt64(UInt32.max) + 1 else { return nil }
        generation = UInt32(value.magnitude - 1)
        needsWAL = value > 0
        self.schemaCookie = schemaCookie
        self.walBytes = walBytes
    }

    static func value(generation: UInt32, needsWAL: Bool) -> Int64 {
        (Int64(generation) + 1) * (needsWAL ? 1 : -1)
    }

    /// Reads the mark in the file alone, ignoring a WAL beside it.
    /// - Returns: nil if there is none, as in a file of an earlier version, or if it cannot be read: then SQLite
    ///   reports the reason.
    static func read(_ path: String) throws(SQLiteError) -> WholenessMark? {
        let database = try SQLite.Database<SQLiteError>(path: path, mode: .fileAlone)
        do {
            let rows = try database.prepare("SELECT name, value FROM settings")
            var values: [String: Int64] = [:]
            while try rows.step() { values[rows.text(0) ?? ""] = rows.integer(1) }
            return WholenessMark(
                value: values["wal"] ?? 0, schemaCookie: values["wal_schema"] ?? 0, walBytes: values["wal_bytes"] ?? 0)
        } catch {
            return nil
        }
    }

    /// Why a file with this mark and the WAL beside it are incomplete.
    func problem(_ main: DatabaseHeader, _ wal: WALScan?, path: String) -> SQLiteError? {
        let advice = "or see \"A damaged or missing WAL\" in docs/operations/running.md"
        guard let wal else {
            guard needsWAL, main.schemaCookie == schemaCookie else { return nil }
            return SQLiteError(
                .corrupt,
                "\(path) is a copy without its journal.db-wal, which contains the newest records. Copy both files of a "
                    + "stopped service, make the copy with sqlite3's .backup, \(advice)")
        }
        if wal.generation == generation || wal.generation == generation &+ 1 {
            guard needsWAL, wal.bytes < walBytes, main.schemaCookie == schemaCookie else { return nil }
            return SQLiteError(
                .corrupt,
                "\(path)-wal is truncated: it has \(wal.bytes) bytes, but had \(walBytes). Copy it again, restore "
                    + "a backup, \(advice)")
        }
        if needsWAL {
            guard main.schemaCookie == schemaCookie else { return nil }
        } else {
            // A WAL that was created after the file was closed, and has not been checkpointed into it yet.
            if wal.commits == 0 || wal.isFirstGeneration { return nil }
        }
        return SQLiteError(
            .corrupt,
            "\(path) and its journal.db-wal are of different moments: one of them was copied or restored without the other. "
                + "Put both back from the same moment, restore a backup into an empty directory, \(advice)")
    }
}
