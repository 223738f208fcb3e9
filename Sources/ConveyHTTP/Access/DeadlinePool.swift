import FlyingFox
import FlyingSocks
import Glibc

/// A pool of sockets in which no client makes the service wait for long: who sends nothing, or takes nothing, for some time
/// loses the connection. FlyingFox itself waits for ever.
struct DeadlinePool: AsyncSocketPool {
    /// A client that keeps a connection open without asking anything; a request that comes in drops.
    static let readSeconds = 60
    /// A client that does not read what it has asked for: a stalled reader of a live stream.
    static let writeSeconds = 20

    private let base: any AsyncSocketPool

    init(_ base: any AsyncSocketPool) {
        self.base = base
    }

    func prepare() async throws { try await base.prepare() }

    func run() async throws { try await base.run() }

    func suspendSocket(_ socket: Socket, untilReadyFor events: Socket.Events) async throws {
        // The listening socket waits as long as it takes.
        guard !Self.isListening(socket), events.count == 1, let event = events.first else {
            return try await base.suspendSocket(socket, untilReadyFor: events)
        }
        let limit: Duration =
            switch event {
            case .read: .seconds(Self.readSeconds)
            case .write: .seconds(Self.writeSeconds)
            }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await base.suspendSocket(socket, untilReadyFor: events) }
            group.addTask {
                try await Task.sleep(for: limit)
                throw SocketError.disconnected
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
    private static func isListening(_ socket: Socket) -> Bool {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(socket.file.rawValue, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 && value != 0
    }
}
