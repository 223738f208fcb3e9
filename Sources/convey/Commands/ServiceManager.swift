import Foundation
import Glibc
import Observability
import Synchronization

/// Reports readiness, status, watchdog and shutdown to systemd (sd_notify(3)) as datagrams to `$NOTIFY_SOCKET`.
/// Hand-written, because it is a few lines and libsystemd would be one more dependency.
final class ServiceManager: Sendable {
    private let path: [UInt8]
    private let descriptor: Int32
    private let wantsWatchdog: Bool
    private let isReady = Atomic(false)

    /// The extra time requested for a start, repeated each second while its thread responds.
    private static let startExtensionMicroseconds = 30_000_000

    /// nil if no service manager listens.
    init?(environment: [String: String] = ProcessInfo.processInfo.environment) {
        guard let name = environment["NOTIFY_SOCKET"], let first = name.first, first == "/" || first == "@" else {
            return nil
        }
        var path = Array(name.utf8)
        // An abstract address begins with a NUL (unix(7)).
        if first == "@" { path[0] = 0 }
        guard path.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path) else { return nil }
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        self.path = path
        let isOurs = environment["WATCHDOG_PID"].map { $0 == "\(getpid())" } ?? true
        wantsWatchdog = isOurs && environment["WATCHDOG_USEC"] != nil
    }

    deinit { close(descriptor) }

    /// Call it each second. Ready means that the journal is open and recovered: an unreachable broker must not fail the
    /// start. The watchdog is reset only while all threads respond.
    func report(_ status: RuntimeStatus, isHealthy: Bool) {
        var lines = ["STATUS=" + (status.isReady ? "ready" : "not ready: " + Self.missing(status))]
        if !isReady.load(ordering: .relaxed) {
            if status.journal == .open, status.recovery == .done {
                isReady.store(true, ordering: .relaxed)
                lines.insert("READY=1", at: 0)
            } else if isHealthy {
                lines.append("EXTEND_TIMEOUT_USEC=\(Self.startExtensionMicroseconds)")
            }
        }
        if wantsWatchdog, isHealthy { lines.append("WATCHDOG=1") }
        send(lines.joined(separator: "\n"))
    }

    func stopping() { send("STOPPING=1") }

    private static func missing(_ status: RuntimeStatus) -> String {
        status.parts.filter { !$0.isReady }.map { "\($0.name) \($0.words)" }.joined(separator: ", ")
            .replacing("\n", with: " ")
    }

    /// Errors are ignored: the next second sends again, and this code must not block.
    private func send(_ text: String) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        // An abstract address ends with its last byte, one in the file system with a NUL.
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        let length = socklen_t(offset + path.count + (path[0] == 0 ? 0 : 1))
        let bytes = Array(text.utf8)
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = sendto(
                    descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL), address, length)
            }
        }
    }
}
