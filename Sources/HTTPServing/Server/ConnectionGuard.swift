import NIOCore
import NIOHTTP1

/// Closes a connection after its last request, after a request that arrived too slowly, and after one whose body was
/// not read. Such a body is never parsed as another request. It stands between the parser and HummingbirdCore, which
/// would keep the connection open in these cases.
final class ConnectionGuard: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// A request that has begun to arrive and has not been answered.
    private struct Exchange {
        /// No further request is accepted after it.
        var isLast: Bool
        let isOldVersion: Bool
        var isReceived = false
        var isAnswering = false
    }

    private enum Phase {
        case open
        /// The last answer is written; incoming bytes are discarded.
        case closing(isReceived: Bool, isFlushed: Bool, drained: Int)
    }

    private let limits: HTTPLimits
    private let connections: OpenConnections
    private let refused: RefusedRequests
    private let isReserved: Bool
    private var phase = Phase.open
    /// In order; more than one if the client pipelines requests.
    private var exchanges: [Exchange] = []
    private var deadline: Scheduled<Void>?

    /// - Parameter isReserved: whether this is a reserved place, which serves one request and only briefly.
    init(limits: HTTPLimits, connections: OpenConnections, refused: RefusedRequests, isReserved: Bool) {
        self.limits = limits
        self.connections = connections
        self.refused = refused
        self.isReserved = isReserved
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if isReserved { setDeadline(limits.reservedTime, context) { $0.close(promise: nil) } }
    }

    // MARK: In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if case .closing = phase { return drain(part, context) }
        switch part {
        case .head(let head):
            if exchanges.last?.isLast == true { return }
            let hosts = head.headers["Host"].count
            // RFC 9112, section 3.2: of two names, a proxy in front may have checked the other one.
            guard hosts == 1 || (hosts == 0 && head.version == .http1_0) else { return refuse(.badRequest, context) }
            let isOld = head.version != .http1_1
            exchanges.append(Exchange(isLast: isOld || !head.isKeepAlive || isReserved, isOldVersion: isOld))
            setDeadline(limits.requestTime, context) { self.requestIsLate($0) }
        case .body:
            if exchanges.last?.isReceived != false { return }
        case .end:
            guard exchanges.last?.isReceived == false else { return }
            exchanges[exchanges.count - 1].isReceived = true
            connections.begin(context.channel)
            deadline?.cancel()
        }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The reader of an incomplete body must see the error.
        guard let problem = error as? HTTPParserError, exchanges.last?.isReceived != false else {
            return context.fireErrorCaught(error)
        }
        refuse(problem == .headerOverflow ? .requestHeaderFieldsTooLarge : .badRequest, context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed {
            connections.inputEnded(context.channel)
            if case .closing(_, let isFlushed, let drained) = phase {
                phase = .closing(isReceived: true, isFlushed: isFlushed, drained: drained)
                closeIfDone(context)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    // MARK: Out

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .open = phase, !exchanges.isEmpty else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(var head):
            if (100..<200).contains(head.status.code) { return context.write(data, promise: promise) }
            exchanges[0].isAnswering = true
            if !exchanges[0].isReceived || !head.isKeepAlive { exchanges[0].isLast = true }
            if exchanges[0].isLast { head.headers.replaceOrAdd(name: "Connection", value: "close") }
            // HTTP/1.0 clients do not know chunks.
            if exchanges[0].isOldVersion { head.version = .http1_0 }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            let exchange = exchanges.removeFirst()
            guard exchange.isLast else {
                if !exchanges.contains(where: \.isReceived) { connections.end(context.channel) }
                return context.write(data, promise: promise)
            }
            finish(isReceived: exchange.isReceived, context, promise: promise)
        }
    }

    // MARK: The end

    /// Writes the end of the last answer, then closes.
    private func finish(isReceived: Bool, _ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        phase = .closing(isReceived: isReceived, isFlushed: false, drained: 0)
        exchanges = []
        deadline?.cancel()
        let flushed = promise ?? context.eventLoop.makePromise()
        flushed.futureResult.assumeIsolated().whenComplete { _ in self.flushed(context) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: flushed)
    }

    /// Answers in place of the service, unless an answer has begun, and closes.
    private func refuse(_ status: HTTPResponseStatus, _ context: ChannelHandlerContext) {
        guard case .open = phase else { return }
        guard exchanges.isEmpty else {
            exchanges[exchanges.count - 1].isLast = true
            return
        }
        refused.count(status: Int(status.code))
        var head = HTTPResponseHead(version: .http1_1, status: status)
        head.headers = ["Connection": "close", "Content-Length": "0"]
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        finish(isReceived: false, context, promise: nil)
    }

    private func requestIsLate(_ context: ChannelHandlerContext) {
        guard exchanges.count == 1, !exchanges[0].isAnswering else { return context.close(promise: nil) }
        exchanges = []
        refuse(.requestTimeout, context)
    }

    private func drain(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        guard case .closing(let isReceived, let isFlushed, let drained) = phase else { return }
        switch part {
        case .head: return
        case .body(let bytes):
            phase = .closing(isReceived: isReceived, isFlushed: isFlushed, drained: drained + bytes.readableBytes)
            if drained > limits.drainedBytes { context.close(promise: nil) }
        case .end:
            phase = .closing(isReceived: true, isFlushed: isFlushed, drained: drained)
            closeIfDone(context)
        }
    }

    private func flushed(_ context: ChannelHandlerContext) {
        guard case .closing(let isReceived, _, let drained) = phase else { return }
        phase = .closing(isReceived: isReceived, isFlushed: true, drained: drained)
        // Everything has been answered.
        connections.end(context.channel)
        closeIfDone(context)
        if !isReceived { setDeadline(limits.drainTime, context) { $0.close(promise: nil) } }
    }

    private func closeIfDone(_ context: ChannelHandlerContext) {
        if case .closing(true, true, _) = phase { context.close(promise: nil) }
    }

    private func setDeadline(
        _ time: Duration, _ context: ChannelHandlerContext, _ act: @escaping (ChannelHandlerContext) -> Void
    ) {
        deadline?.cancel()
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(time)) { act(context) }
    }
}
