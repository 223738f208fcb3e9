import Glibc
import Synchronization

/// A value read from files, and read again when they change: tokens, a certificate.
///
/// If the files are missing or invalid, the last valid value stays in use.
package final class FileValue<Value: Sendable>: Sendable {
    package enum Outcome: Sendable, Equatable {
        /// The files have not changed since the last check.
        case unchanged
        case replaced
        /// The files are invalid; the previous value stays in use.
        case kept(String)
    }

    package typealias Read = @Sendable () throws(FileProblem) -> Value

    private struct State {
        var value: Value
        /// Increases with each replacement.
        var version = 0
        var problem: String?
    }

    /// A file that was changed more recently than this may still be incomplete.
    static var settleNanoseconds: Int64 { 250_000_000 }

    private let paths: [String]
    private let read: Read?
    private let state: Mutex<State>
    /// The files at the last check. Locked during a check, so that there is only one at a time.
    private let seen: Mutex<[FileIdentity?]>

    /// A value that never changes.
    package init(_ value: Value) {
        paths = []
        read = nil
        state = Mutex(State(value: value))
        seen = Mutex([])
    }

    /// - Parameters:
    ///   - value: the value that was just read from the files.
    ///   - read: reads the files again.
    package init(_ value: Value, paths: [String], read: @escaping Read) {
        self.paths = paths
        self.read = read
        state = Mutex(State(value: value))
        seen = Mutex(paths.map { FileIdentity(path: $0) })
    }

    /// The value in use.
    package var current: Value { state.withLock { $0.value } }

    /// The value in use and its version.
    var versioned: (value: Value, version: Int) { state.withLock { ($0.value, $0.version) } }

    /// Why the current files are not in use; nil if they are.
    var problem: String? { state.withLock { $0.problem } }

    /// Reads the files if they have changed.
    /// - Parameter isForced: reads them even if they look unchanged.
    package func refresh(isForced: Bool = false) -> Outcome {
        guard let read else { return .unchanged }
        return seen.withLock { seen in
            let found = paths.map { FileIdentity(path: $0) }
            guard isForced || (found != seen && !found.contains { $0?.isFresh(Self.settleNanoseconds) == true }) else {
                return .unchanged
            }
            // Before they are read, so that a later change is noticed by the next check.
            seen = found
            do throws(FileProblem) {
                let value = try read()
                state.withLock { state in
                    state.value = value
                    state.version += 1
                    state.problem = nil
                }
                return .replaced
            } catch {
                state.withLock { $0.problem = error.message }
                return .kept(error.message)
            }
        }
    }
}

/// The identity of the file at a path and the time of its last change.
private struct FileIdentity: Sendable, Equatable {
    private let device: UInt
    private let inode: UInt
    private let size: Int
    private let modified: Int64
    private let changed: Int64

    /// Nil if there is no file.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
        size = Int(status.st_size)
        modified = Self.nanoseconds(status.st_mtim)
        changed = Self.nanoseconds(status.st_ctim)
    }

    /// Whether the content was changed within the limit, by this machine's clock.
    func isFresh(_ limit: Int64) -> Bool {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return (0..<limit).contains(Self.nanoseconds(now) - modified)
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
