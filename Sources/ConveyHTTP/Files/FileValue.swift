import Glibc
import Synchronization

/// A value that was read from files, and is read again when they change: tokens, a certificate.
///
/// Files that cannot be read, or that are wrong, change nothing: the last good value stays in force until they are right.
public final class FileValue<Value: Sendable>: Sendable {
    public enum Outcome: Sendable, Equatable {
        /// The files are those that were looked at last.
        case unchanged
        case replaced
        /// They are wrong: what was read before stays in force.
        case kept(String)
    }

    public typealias Read = @Sendable () throws(FileProblem) -> Value

    private struct State {
        var value: Value
        /// Rises with each replacement.
        var version = 0
        var problem: String?
    }

    /// A file that was changed more recently than this may still be being written.
    static var settleNanoseconds: Int64 { 250_000_000 }

    private let paths: [String]
    private let read: Read?
    private let state: Mutex<State>
    /// What the files were at the last look. Held during a look, so that there is one at a time.
    private let seen: Mutex<[FileIdentity?]>

    /// A value that stays as it is.
    public init(_ value: Value) {
        paths = []
        read = nil
        state = Mutex(State(value: value))
        seen = Mutex([])
    }

    /// - Parameters:
    ///   - value: what has just been read from the files.
    ///   - read: reads the files again.
    public init(_ value: Value, paths: [String], read: @escaping Read) {
        self.paths = paths
        self.read = read
        state = Mutex(State(value: value))
        seen = Mutex(paths.map { FileIdentity(path: $0) })
    }

    /// What is in force.
    public var current: Value { state.withLock { $0.value } }

    /// What is in force, and a number that changes with it.
    var versioned: (value: Value, version: Int) { state.withLock { ($0.value, $0.version) } }

    /// Why the files as they are now are not in force; nil where they are.
    var problem: String? { state.withLock { $0.problem } }

    /// Looks at the files, and reads them if they have changed.
    /// - Parameter isForced: reads them in any case.
    public func refresh(isForced: Bool = false) -> Outcome {
        guard let read else { return .unchanged }
        return seen.withLock { seen in
            let found = paths.map { FileIdentity(path: $0) }
            guard isForced || (found != seen && !found.contains { $0?.isFresh(Self.settleNanoseconds) == true }) else {
                return .unchanged
            }
            // Before they are read: a change after that is seen at the next look.
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

/// What is wrong with files, for the operator. Says nothing of what is secret in them.
public struct FileProblem: Error, Sendable, Equatable {
    public let message: String

    public init(_ message: String) {
        self.message = message
    }
}

/// Which file a path leads to, and when it was changed last.
private struct FileIdentity: Sendable, Equatable {
    private let device: UInt
    private let inode: UInt
    private let size: Int
    private let modified: Int64
    private let changed: Int64

    /// Nil where there is no file.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
        size = Int(status.st_size)
        modified = Self.nanoseconds(status.st_mtim)
        changed = Self.nanoseconds(status.st_ctim)
    }

    /// Whether the content was changed so recently, by this machine's clock.
    func isFresh(_ limit: Int64) -> Bool {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return (0..<limit).contains(Self.nanoseconds(now) - modified)
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
