import NIOCore

/// Closes a connection whose client reads nothing of its answer, or too little while memory for answers is short. It
/// stands next to the socket, where it sees the bytes on the wire.
final class StalledReaderHandler: ChannelDuplexHandler {
    typealias InboundIn = IOData
    typealias OutboundIn = IOData

    private let limit: TimeAmount
    private let shortLimit: TimeAmount
    private let shortBytes: Int
    private let isShort: @Sendable () -> Bool
    private var written = 0
    /// How much of `written` the kernel had taken at the last check, and when that last increased.
    private var taken = 0
    private var progress = NIODeadline.now()
    /// When the client last kept the pace required while memory is short, and `taken` at that time.
    private var pace = (taken: 0, at: NIODeadline.now())
    private var look: Scheduled<Void>?

    /// - Parameter isShort: whether memory for answers is short.
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
        // Only a closed channel cannot tell.
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
