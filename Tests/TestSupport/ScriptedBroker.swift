import Glibc

/// A listener that answers with fixed bytes, for behavior that a real broker shows too rarely. It serves one connection
/// after another.
public final class ScriptedBroker: Sendable {
    /// Where it listens, on 127.0.0.1.
    public let port: Int
    private let listener: Int32

    /// On every connection, answers the first bytes that arrive with the first reply, the next with the second, and so on;
    /// an empty reply closes the connection, after the last it stays open until the client closes it.
    public convenience init(replies: [[UInt8]]) throws {
        try self.init { _ in replies }
    }

    /// The same with separate replies for each connection, counted from 0.
    public init(replies: @escaping @Sendable (_ connection: Int) -> [[UInt8]]) throws {
        let listener = try listenOnLoopback(port: 0)
        self.listener = listener
        port = try localPort(of: listener)
        let script = Unmanaged.passRetained(Script(listener: listener, replies: replies))
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

    /// Ends the thread, because accept(2) then fails.
    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    private final class Script: Sendable {
        let listener: Int32
        let replies: @Sendable (Int) -> [[UInt8]]

        init(listener: Int32, replies: @escaping @Sendable (Int) -> [[UInt8]]) {
            self.listener = listener
            self.replies = replies
        }

        func run() {
            signal(SIGPIPE, SIG_IGN)
            var count = 0
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                serve(connection, replies(count))
                close(connection)
                count += 1
            }
            close(listener)
        }

        private func serve(_ connection: Int32, _ replies: [[UInt8]]) {
            var left = replies[...]
            var request = [UInt8](repeating: 0, count: 4096)
            while read(connection, &request, request.count) > 0 {
                guard let reply = left.popFirst() else { continue }
                guard !reply.isEmpty else { return }
                _ = write(connection, reply, reply.count)
            }
        }
    }
}
