import NIOCore

/// Closes a connection whose client takes nothing of what is there for it, or too little where memory for answers is short.
/// Stands next to the socket, where bytes are as they go over the wire.
final class StalledReaderHandler: ChannelDuplexHandler {
    typealias InboundIn = IOData
    typealias OutboundIn = IOData

    private let limit: TimeAmount
    private let shortLimit: TimeAmount
    private let shortBytes: Int
    private let isShort: @Sendable () -> Bool
    private var written = 0
    /// Of `written`, what the system had taken at the last look, and when that last became more.
    private var taken = 0
    private var progress = NIODeadline.now()
    /// The last time that as much had been taken as is asked for where memory is short, and what `taken` was then.
    private var pace = (taken: 0, at: NIODeadline.now())
    private var look: Scheduled<Void>?

    /// - Parameter isShort: whether others wait for memory that answers on their way hold.
    init(limits: HTTPLimits, isShort: @escaping @Sendable () -> Bool) {
        limit = TimeAmount(limits.stalledTime)
        shortLimit = TimeAmount(limits.shortStalledTime)
        shortBytes = limits.shortStalledBytes
        self.isShort = isShort
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        written += unwrapOutboundIn(data).readableBytes
        context.write(data, promise: promise)
        guard look == nil else { return }
        progress = .now()
        pace = (taken, progress)
        lookLater(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        look?.cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { look?.cancel() }

    private func lookLater(_ context: ChannelHandlerContext) {
        let interval = TimeAmount.nanoseconds(min(limit.nanoseconds, shortLimit.nanoseconds) / 4)
        look = context.eventLoop.assumeIsolated().scheduleTask(in: interval) { self.lookNow(context) }
    }

    private func lookNow(_ context: ChannelHandlerContext) {
        look = nil
        // A channel that cannot tell is one that is closed.
        guard let waiting = try? context.channel.syncOptions?.getOption(.bufferedWritableBytes), waiting > 0 else {
            return
        }
        let now = NIODeadline.now()
        if written - waiting > taken {
            taken = written - waiting
            progress = now
        }
        if taken - pace.taken >= shortBytes { pace = (taken, now) }
        if now - progress >= limit || (now - pace.at >= shortLimit && isShort()) {
            context.close(promise: nil)
            return
        }
        lookLater(context)
    }
}
