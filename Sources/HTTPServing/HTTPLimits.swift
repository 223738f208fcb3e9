import Glibc

/// Limits on what one client, or all clients together, can cost the service.
struct HTTPLimits: Sendable {
    /// Open connections. Each uses a file descriptor and up to `sendBufferBytes` of kernel memory. Over the limit, the connection
    /// that has been idle longest is closed.
    var connections = 1_000
    /// Further connections for health, readiness and metrics, used when none is idle. Other requests on them get `busy`.
    var reservedConnections = 16
    /// How long a client may take to send its request on a reserved connection.
    var reservedTime = Duration.seconds(2)
    /// Connections from one IPv4 address or one IPv6 /64. Nil means a quarter of all connections, and no limit on
    /// loopback, because all clients of a local proxy come from there.
    var connectionsPerAddress: Int?
    /// A request's line and headers together. Browsers send 2 KiB; a target with a subject may take 768 bytes.
    var headBytes = 32 << 10
    /// The longest single header, and the longest target.
    var headFieldBytes = 16 << 10
    var headFields = 100
    /// How long a connection may be open without a request, and how long the head of one may take.
    var idleTime = Duration.seconds(60)
    /// How long the complete body of a request may take to arrive.
    var requestTime = Duration.seconds(30)
    /// How long a handler may take before the client gets a 500. Streams are not limited.
    var handlerTime = Duration.seconds(5)
    /// A client that reads nothing of its answer for this long is disconnected.
    var stalledTime = Duration.seconds(20)
    /// While memory for answers is short, a client that reads less than this many bytes within this time is
    /// disconnected, too.
    var shortStalledBytes = 128 << 10
    var shortStalledTime = Duration.seconds(2)
    /// The same for a client that has vanished: none of the bytes sent to it are acknowledged (`TCP_USER_TIMEOUT`, tcp(7)).
    var vanishedTime = Duration.seconds(20)
    /// How much of an unwanted body is read and discarded, so that its sender sees the answer instead of a connection reset.
    var drainedBytes = 16 << 20
    var drainTime = Duration.seconds(5)
    /// The kernel's send buffer per connection.
    var sendBufferBytes = 64 << 10
    /// The size of a write of a long answer. No more than this is held in memory twice.
    var writeBytes = 32 << 10
    /// Unsent bytes per connection beside the current write: short answers to pipelined requests.
    var pendingBytes = 16 << 10
    /// How long a request waits for memory for its answer (`AnswerBudget`) or body (`bodyBytes`) before it is refused as `busy`.
    var roomTime = Duration.seconds(2)
    /// Memory for the bodies of all requests until they are answered. Each body counts twice because it is copied.
    var bodyBytes = 64 << 20
    /// The size of a read from a connection; up to ten of these are buffered for the reader of a body.
    var readBytes = 16 << 10
    /// How long `stop()` waits for unfinished answers.
    var stopTime = Duration.milliseconds(250)

    /// File descriptors that are kept free for the journal, the broker, models and tools.
    static let reservedDescriptors = 256

    /// Maximum connections for an address; nil for no limit.
    func share(of address: ClientAddress) -> Int? {
        connectionsPerAddress ?? (address.isLoopback ? nil : max(1, connections / 4))
    }

    /// The standard limits, reduced to what this process's limit on open files allows.
    static func standard() -> HTTPLimits {
        var limits = HTTPLimits()
        var files = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files) == 0, files.rlim_cur < 1 << 20 {
            limits.connections = max(16, min(limits.connections, Int(files.rlim_cur) - reservedDescriptors))
        }
        return limits
    }
}
