import Glibc

/// What one client, or all of them, may cost the service.
struct HTTPLimits: Sendable {
    /// Connections at once; each costs a file descriptor, and up to `sendBufferBytes` of the system's memory. More wait until
    /// one ends.
    var connections = 1_000
    /// A request's line and headers together. Browsers send 2 KiB; a target may hold a subject of 768 bytes.
    var headBytes = 32 << 10
    /// The longest of a request's headers, and the longest target.
    var headFieldBytes = 16 << 10
    var headFields = 100
    /// How long a connection may be open without a request: also the longest that the head of one may take.
    var idleTime = Duration.seconds(60)
    /// How long a request's body may take to come in, whole.
    var requestTime = Duration.seconds(30)
    /// How long a handler may take before the client gets a 500. Streams take as long as they like.
    var handlerTime = Duration.seconds(5)
    /// A client that takes nothing of its answer for this long loses the connection.
    var stalledTime = Duration.seconds(20)
    /// The same for a client that has vanished without a word: of what it was sent nothing is acknowledged (tcp(7)).
    var vanishedTime = Duration.seconds(20)
    /// What is read, and thrown away, of a body that nobody wants, so that its sender gets to read the answer instead of a
    /// reset connection.
    var drainedBytes = 16 << 20
    var drainTime = Duration.seconds(5)
    /// What the system keeps for a client that does not read.
    var sendBufferBytes = 256 << 10
    /// How long `stop()` lets answers under way finish.
    var stopTime = Duration.milliseconds(250)

    /// File descriptors that are left for the journal, the broker, models and tools.
    static let reservedDescriptors = 256

    /// The limits where this process may open so many files.
    static func standard() -> HTTPLimits {
        var limits = HTTPLimits()
        var files = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files) == 0, files.rlim_cur < 1 << 20 {
            limits.connections = max(16, min(limits.connections, Int(files.rlim_cur) - reservedDescriptors))
        }
        return limits
    }
}
