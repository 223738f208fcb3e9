import CSQLite
import Threads

/// Blocks the commits of one SQLite file in this process: while the gate is closed, a COMMIT does not return.
///
/// Only connections opened after the gate was made obey it.
final class CommitGate: Sendable {
    private struct State {
        var isClosed = false
        /// A batch was released without the commit.
        var hasGivenUp = false
    }

    /// By the end of the path. Gates are never removed, because connections refer to them.
    private static let gates = Monitor<[String: CommitGate]>([:])
    private static let isInstalled = install()

    private let state = Monitor(State())

    /// - Parameter file: the end of a path that no other file shares.
    init(file: String) {
        _ = Self.isInstalled
        Self.gates.change { $0[file] = self }
    }

    func close() { state.change { $0.isClosed = true } }

    func open() { state.change { $0.isClosed = false } }

    var hasGivenUp: Bool { state.change { $0.hasGivenUp } }

    /// For a batch that waits for shards: the first one after the gate closed is released at once, any other has all
    /// the time it needs.
    func batchDeadline() -> Int64 {
        state.change { state in
            guard state.isClosed, !state.hasGivenUp else { return .max }
            state.hasGivenUp = true
            return 0
        }
    }

    private func pass() { state.wait(until: nil) { $0.isClosed ? nil : () } }

    /// Makes SQLite look for a gate at each connection that it opens.
    private static func install() -> Bool {
        typealias Entry =
            @convention(c) (
                OpaquePointer?, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
                UnsafeRawPointer?
            ) -> Int32
        let entry: Entry = { connection, _, _ in
            CommitGate.watch(connection)
            return SQLITE_OK
        }
        return sqlite3_auto_extension(unsafeBitCast(entry, to: (@convention(c) () -> Void).self)) == SQLITE_OK
    }

    private static func watch(_ connection: OpaquePointer?) {
        guard let name = sqlite3_db_filename(connection, "main") else { return }
        let path = String(cString: name)
        guard let gate = gates.change({ $0.first { path.hasSuffix($0.key) }?.value }) else { return }
        sqlite3_commit_hook(
            connection,
            { gate in
                if let gate { Unmanaged<CommitGate>.fromOpaque(gate).takeUnretainedValue().pass() }
                return 0
            }, Unmanaged.passUnretained(gate).toOpaque())
    }
}
