import Glibc
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOHTTPTypesHTTP1

/// What a connection is made of: HummingbirdCore's HTTP/1.1, in TLS or not, with this service's limits around it.
struct ConnectionChannel: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    enum Base: Sendable {
        case plain(HTTP1Channel)
        case encrypted(TLSChannel<HTTP1Channel>)
    }

    let base: Base
    let limits: HTTPLimits
    let connections: OpenConnections

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        connections.add(channel)
        let (limits, connections) = (limits, connections)
        let ready = setOptions(channel).flatMap { _ in
            switch base {
            case .plain(let base): base.setup(channel: channel, logger: logger)
            case .encrypted(let base): base.setup(channel: channel, logger: logger)
            }
        }.flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let codec = try pipeline.handler(type: HTTP1ToHTTPServerCodec.self)
            try pipeline.addHandler(ConnectionGuard(limits: limits, connections: connections), position: .before(codec))
            try pipeline.addHandler(StalledReaderHandler(limit: limits.stalledTime), position: .first)
            return value
        }
        ready.whenFailure { _ in channel.close(promise: nil) }
        return ready
    }

    func handle(value: Value, logger: Logger) async {
        switch base {
        case .plain(let base): await base.handle(value: value, logger: logger)
        case .encrypted(let base): await base.handle(value: value, logger: logger)
        }
    }

    /// The system gives up on a client that has vanished after the same time as on one that stalls (tcp(7)).
    private func setOptions(_ channel: any Channel) -> EventLoopFuture<Void> {
        let vanished = ChannelOptions.Types.SocketOption(
            level: .tcp, name: NIOBSDSocket.Option(rawValue: TCP_USER_TIMEOUT))
        let milliseconds = Int(TimeAmount(limits.stalledTime).nanoseconds / 1_000_000)
        return channel.setOption(.socketOption(.so_sndbuf), value: limits.sendBufferBytes).flatMap {
            channel.setOption(vanished, value: milliseconds)
        }
    }
}
