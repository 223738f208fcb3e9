import Glibc
import Synchronization

/// An HTTP/1.1 server on a loopback port with scripted answers: which bytes, in which pieces, when, and how the
/// connection ends. Each connection has its own thread. It ends with this object or earlier.
public final class ScriptedHTTPServer: Sendable {
    /// Answers one request. A connection left open waits for the next request.
    public typealias Script = @Sendable (ScriptedRequest, ScriptedConnection) throws -> Void

    /// Where it listens, on 127.0.0.1.
    public let port: Int
    private let core: Core

    /// - Parameter wanted: the port; 0 for a free one.
    public init(port wanted: Int = 0, _ script: @escaping Script) throws {
        let listener = try listenOnLoopback(port: wanted, backlog: 1_024)
        port = try localPort(of: listener)
        let core = Core(listener: listener, script: script)
        self.core = core
        try startThread { core.accept() }
    }

    deinit { core.stop() }

    /// Requests so far, in the order of completion.
    public var requests: [ScriptedRequest] { core.state.withLock { $0.requests } }

    /// Connections so far.
    public var connectionCount: Int { core.state.withLock { $0.connectionCount } }

    /// When clients closed connections while a script was waiting, in order.
    public var closures: [ContinuousClock.Instant] { core.state.withLock { $0.closures } }

    final class Core: Sendable {
        struct State {
            var requests: [ScriptedRequest] = []
            var connectionCount = 0
            var closures: [ContinuousClock.Instant] = []
            var open: Set<Int32> = []
            var isStopped = false
        }

        let listener: Int32
        let script: Script
        let state = Mutex(State())

        init(listener: Int32, script: @escaping Script) {
            self.listener = listener
            self.script = script
        }

        /// Ends the threads, because their waits then fail.
        func stop() {
            shutdown(listener, Int32(SHUT_RDWR))
            state.withLock { state in
                state.isStopped = true
                for connection in state.open { shutdown(connection, Int32(SHUT_RDWR)) }
            }
        }

        func accept() {
            while case let descriptor = Glibc.accept(listener, nil, nil), descriptor >= 0 {
                state.withLock { state in
                    state.connectionCount += 1
                    state.open.insert(descriptor)
                    if state.isStopped { shutdown(descriptor, Int32(SHUT_RDWR)) }
                }
                do {
                    try startThread { self.serve(descriptor) }
                } catch { end(descriptor, resets: true) }
            }
            close(listener)
        }

        private func serve(_ descriptor: Int32) {
            // A piece must arrive as a piece.
            var noDelay: Int32 = 1
            setsockopt(
                descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &noDelay, socklen_t(MemoryLayout<Int32>.size))
            let connection = ScriptedConnection(descriptor: descriptor)
            do {
                while !connection.isEnded, let request = try connection.readRequest() {
                    state.withLock { $0.requests.append(request) }
                    try script(request, connection)
                }
            } catch is ClientClosed {
                state.withLock { $0.closures.append(.now) }
            } catch {}  // The client sees a connection that is closed too early, and the test what it expected.
            end(descriptor, resets: connection.resets)
        }

        private func end(_ descriptor: Int32, resets: Bool) {
            state.withLock { _ = $0.open.remove(descriptor) }
            if resets {
                var linger = linger(l_onoff: 1, l_linger: 0)
                setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
            }
            close(descriptor)
        }
    }
}

/// A request as it arrived.
public struct ScriptedRequest: Sendable {
    public let method: String
    public let target: String
    /// Names in lower case.
    public let headers: [(name: String, value: String)]
    public let body: [UInt8]

    public subscript(_ name: String) -> String? { headers.first { $0.name == name }?.value }

    public var text: String { String(decoding: body, as: UTF8.self) }
}

/// The client has closed its connection.
public struct ClientClosed: Error {}

/// Opens once; scripts wait for it.
public final class Gate: Sendable {
    private let isOpen_ = Atomic(false)

    public init() {}

    public var isOpen: Bool { isOpen_.load(ordering: .sequentiallyConsistent) }

    public func open() { isOpen_.store(true, ordering: .sequentiallyConsistent) }
}

/// Runs `body` on a new thread of its own.
func startThread(_ body: @escaping @Sendable () -> Void) throws {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let box = Unmanaged.passRetained(Box(body))
    var thread = pthread_t()
    let code = pthread_create(
        &thread, nil,
        { argument in
            guard let argument else { return nil }
            Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
            return nil
        }, box.toOpaque())
    guard code == 0 else {
        box.release()
        throw TestSupportError("no thread: \(String(cString: strerror(code)))")
    }
    pthread_detach(thread)
}
