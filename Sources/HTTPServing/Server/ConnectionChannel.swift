import AnswerMemory
import Glibc
import HummingbirdCore
import Logging
import NIOCore
import HummingbirdTLS
import NIOHTTPTypesHTTP1

/// The handlers of a connection: HummingbirdCore's HTTP/1.1, with or without TLS, and this service's limits.
struct ConnectionChannel: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    enum Base: Sendable {
        case plain(HTTP1Channel)
        case encrypted(TLSBase)
    }

    let base: Base
    let limits: HTTPLimits
    let connections: OpenConnections
    let budget: AnswerBudget
    let refused: RefusedRequests

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let isReserved = connections.add(channel)
        let (limits, connections, budget, refused) = (limits, connections, budget, refused)
        let ready = setOptions(channel).flatMap { _ in
            switch base {
            case .plain(let base): base.setup(channel: channel, logger: logger)
            case .encrypted(let base): base.current.setup(channel: channel, logger: logger)
            }
        }.flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let codec = try pipeline.handler(type: HTTP1ToHTTPServerCodec.self)
            let guardian = ConnectionGuard(
                limits: limits, connections: connections, refused: refused, isReserved: isReserved)
            try pipeline.addHandler(guardian, position: .before(codec))
            try pipeline.addHandler(
                StalledReaderHandler(limits: limits, isShort: { budget.isShort }), position: .first)
            return value
        }
        ready.whenFailure { _ in channel.close(promise: nil) }
        return ready
    }

    func handle(value: Value, logger: Logger) async {
        switch base {
        case .plain(let base): await base.handle(value: value, logger: logger)
        case .encrypted(let base): await base.current.handle(value: value, logger: logger)
        }
    }

    private func setOptions(_ channel: any Channel) -> EventLoopFuture<Void> {
        let vanished = ChannelOptions.Types.SocketOption(
            level: .tcp, name: NIOBSDSocket.Option(rawValue: TCP_USER_TIMEOUT))
        let milliseconds = Int(TimeAmount(limits.vanishedTime).nanoseconds / 1_000_000)
        return channel.setOption(.socketOption(.so_sndbuf), value: limits.sendBufferBytes).flatMap {
            channel.setOption(vanished, value: milliseconds)
        }.flatMap {
            let watermark = ChannelOptions.Types.WriteBufferWaterMark(
                low: limits.pendingBytes / 2, high: limits.pendingBytes)
            return channel.setOption(.writeBufferWaterMark, value: watermark)
        }.flatMap {
            channel.setOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: limits.readBytes))
        }
    }
}
