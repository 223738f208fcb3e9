import NIOCore
import Synchronization

/// The connections that there are, so that a stop can end them.
final class OpenConnections: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var streams: [ObjectIdentifier: AsyncStream<Void>.Continuation] = [:]
        /// Those whose client sends nothing any more.
        var silent: Set<ObjectIdentifier> = []
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Takes a connection until it is closed.
    func add(_ channel: any Channel) {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.channels[ObjectIdentifier(channel)] = channel }
            return state.isClosed
        }
        if isClosed { return channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in self.remove(channel) }
    }

    /// Notes that a live stream is written to a connection, which does not end by itself.
    /// - Returns: what ends when the client has gone.
    func beginStream(on channel: any Channel) -> AsyncStream<Void> {
        let (connected, continuation) = AsyncStream<Void>.makeStream()
        let isOpen = state.withLock { state in
            let id = ObjectIdentifier(channel)
            guard state.channels[id] != nil, !state.silent.contains(id) else { return false }
            state.streams[id] = continuation
            return true
        }
        if !isOpen { continuation.finish() }
        return connected
    }

    /// Notes that a client sends nothing any more: of one that gets a stream that means that it has gone.
    func inputEnded(_ channel: any Channel) {
        let stream = state.withLock { state in
            state.silent.insert(ObjectIdentifier(channel))
            return state.streams.removeValue(forKey: ObjectIdentifier(channel))
        }
        stream?.finish()
    }

    /// How many there are.
    var count: Int { state.withLock { $0.channels.count } }

    func closeStreams() {
        let channels = state.withLock { state in state.streams.keys.compactMap { state.channels[$0] } }
        for channel in channels { channel.close(promise: nil) }
    }

    /// Ends all, and whatever comes later.
    func closeAll() {
        let channels = state.withLock { state in
            state.isClosed = true
            return Array(state.channels.values)
        }
        for channel in channels { channel.close(promise: nil) }
    }

    private func remove(_ channel: any Channel) {
        let stream = state.withLock { state in
            state.channels[ObjectIdentifier(channel)] = nil
            state.silent.remove(ObjectIdentifier(channel))
            return state.streams.removeValue(forKey: ObjectIdentifier(channel))
        }
        stream?.finish()
    }
}
