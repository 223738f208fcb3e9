import Glibc
import SQLite

/// What `journal.db` says of itself, without its WAL: whether it is whole, or needs the WAL of a certain generation.
///
/// Through SQLite, which reads file and WAL as one, a journal is always whole. The file alone is not while a WAL belongs to
/// it. So the mark "not whole" is committed right before each checkpoint, which copies it into the file, and taken back
/// right behind it, which only the WAL says until the next checkpoint. A backup made through SQLite is whole, and so is the
/// file when the last program that has it open folds the WAL into it; a copy of the file alone says that it is not.
struct WholenessMark: Equatable {
    /// The generation of the WAL at that time; the next one fits as well.
    let generation: UInt32
    let needsWAL: Bool
    /// The schema cookie at that time: another one tells that SQLite has written the file anew, as a whole.
    let schemaCookie: Int64
    /// How long the WAL was at that time. It does not become shorter while it is in use.
    let walBytes: Int64

    /// As it is kept, in the table `settings`: `wal` is 0 before the first mark, negative for a whole file.
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

    /// Reads the mark in the file alone, whatever a WAL beside it says.
    /// - Returns: nil where there is none, as in a file of an earlier version, or where it cannot be read: then SQLite says why.
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

    /// Why a file with this mark is not whole with the WAL beside it.
    func problem(_ main: DatabaseHeader, _ wal: WALScan?, path: String) -> SQLiteError? {
        let advice = "or see \"A damaged or missing WAL\" in docs/operations/running.md"
        guard let wal else {
            guard needsWAL, main.schemaCookie == schemaCookie else { return nil }
            return SQLiteError(
                .corrupt,
                "\(path) is a copy without its journal.db-wal, in which the newest records stand. Copy both files of a service "
                    + "that is stopped, make the copy with sqlite3's .backup, \(advice)")
        }
        if wal.generation == generation || wal.generation == generation &+ 1 {
            guard needsWAL, wal.bytes < walBytes, main.schemaCookie == schemaCookie else { return nil }
            return SQLiteError(
                .corrupt,
                "\(path)-wal is cut off: it has \(wal.bytes) bytes, but had \(walBytes). Copy it again, restore a backup, "
                    + advice)
        }
        if needsWAL {
            guard main.schemaCookie == schemaCookie else { return nil }
        } else {
            // A WAL that was made after the file was closed, and has not been folded into it yet.
            if wal.commits == 0 || wal.isFirstGeneration { return nil }
        }
        return SQLiteError(
            .corrupt,
            "\(path) and its journal.db-wal are of different moments: one of them was copied or restored without the other. "
                + "Put both back from the same moment, restore a backup into an empty directory, \(advice)")
    }
}
