import Glibc

/// A listener that answers the first bytes of each connection with fixed bytes and then holds it open: for what a real
/// broker does too seldom to wait for.
public final class ScriptedBroker: Sendable {
    /// Where it listens, on 127.0.0.1.
    public let port: Int
    private let listener: Int32

    /// Answers every connection with `reply`; empty closes it instead.
    public init(reply: [UInt8]) throws {
        let listener = try listenOnLoopback(port: 0)
        self.listener = listener
        port = try localPort(of: listener)
        let script = Unmanaged.passRetained(Script(listener: listener, reply: reply))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Script>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, script.toOpaque())
        guard code == 0 else {
            script.release()
            throw TestSupportError("no thread for the scripted broker")
        }
        pthread_detach(thread)
    }

    /// Ends the thread: accept(2) then fails.
    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    private final class Script: Sendable {
        let listener: Int32
        let reply: [UInt8]

        init(listener: Int32, reply: [UInt8]) {
            self.listener = listener
            self.reply = reply
        }

        func run() {
            signal(SIGPIPE, SIG_IGN)
            var open: [Int32] = []
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                var request = [UInt8](repeating: 0, count: 4096)
                _ = read(connection, &request, request.count)
                if reply.isEmpty {
                    close(connection)
                } else {
                    _ = write(connection, reply, reply.count)
                    open.append(connection)
                }
            }
            open.forEach { _ = close($0) }
            close(listener)
        }
    }
}
