import NIOCore

/// Closes a connection whose client takes nothing of what is there for it. Stands next to the socket, where bytes are as they
/// go over the wire.
final class StalledReaderHandler: ChannelDuplexHandler {
    typealias InboundIn = IOData
    typealias OutboundIn = IOData

    private let limit: TimeAmount
    private var written = 0
    /// Of `written`, what the system had taken at the last look, and when that last became more.
    private var taken = 0
    private var progress = NIODeadline.now()
    private var look: Scheduled<Void>?

    init(limit: Duration) {
        self.limit = TimeAmount(limit)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        written += unwrapOutboundIn(data).readableBytes
        context.write(data, promise: promise)
        guard look == nil else { return }
        progress = .now()
        lookLater(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        look?.cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { look?.cancel() }

    private func lookLater(_ context: ChannelHandlerContext) {
        let interval = TimeAmount.nanoseconds(limit.nanoseconds / 4)
        look = context.eventLoop.assumeIsolated().scheduleTask(in: interval) { self.lookNow(context) }
    }

    private func lookNow(_ context: ChannelHandlerContext) {
        look = nil
        // A channel that cannot tell is one that is closed.
        guard let waiting = try? context.channel.syncOptions?.getOption(.bufferedWritableBytes), waiting > 0 else {
            return
        }
        if written - waiting > taken {
            taken = written - waiting
            progress = .now()
        } else if NIODeadline.now() - progress >= limit {
            context.close(promise: nil)
            return
        }
        lookLater(context)
    }
}
