import Glibc

/// What one client, or all of them, may cost the service.
struct HTTPLimits: Sendable {
    /// Connections at once; each costs a file descriptor, and up to `sendBufferBytes` of the system's memory. Beyond, the one
    /// that has been idle for longest is closed.
    var connections = 1_000
    /// Connections beyond, where none is idle: for health, readiness and metrics. Everything else is told there that the
    /// service is busy.
    var reservedConnections = 16
    /// How long such a connection may take until its request is there.
    var reservedTime = Duration.seconds(2)
    /// Connections from one address, or from one /64 of IPv6; nil for a quarter of all, and for no such limit on loopback,
    /// where the clients of a proxy on this machine all come from.
    var connectionsPerAddress: Int?
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
    /// Where memory for answers is short, so does one that takes less than this many bytes within this time.
    var shortStalledBytes = 128 << 10
    var shortStalledTime = Duration.seconds(2)
    /// The same for a client that has vanished without a word: of what it was sent nothing is acknowledged (tcp(7)).
    var vanishedTime = Duration.seconds(20)
    /// What is read, and thrown away, of a body that nobody wants, so that its sender gets to read the answer instead of a
    /// reset connection.
    var drainedBytes = 16 << 20
    var drainTime = Duration.seconds(5)
    /// What the system keeps for a client that does not read.
    var sendBufferBytes = 64 << 10
    /// What is handed to the system at a time of a longer answer: no more of it is held twice.
    var writeBytes = 32 << 10
    /// What may wait in the service for a connection that takes nothing, beside what is being written: short answers to
    /// requests that were sent all at once.
    var pendingBytes = 16 << 10
    /// How long a request waits for memory: for its answer in `AnswerBudget`, for its body in `bodyBytes`. Then it is `busy`.
    var roomTime = Duration.seconds(2)
    /// What the bodies of all requests may hold together until they are answered, each counted twice, as it is copied.
    var bodyBytes = 64 << 20
    /// What is read from a connection at a time; ten of these wait for who reads a body.
    var readBytes = 16 << 10
    /// How long `stop()` lets answers under way finish.
    var stopTime = Duration.milliseconds(250)

    /// File descriptors that are left for the journal, the broker, models and tools.
    static let reservedDescriptors = 256

    /// How many connections an address may have; nil for as many as there are.
    func share(of address: ClientAddress) -> Int? {
        connectionsPerAddress ?? (address.isLoopback ? nil : max(1, connections / 4))
    }

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
