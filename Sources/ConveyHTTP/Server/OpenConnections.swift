import NIOCore
import Synchronization

/// The connections that there are, so that a stop can end them.
final class OpenConnections: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var streams: Set<ObjectIdentifier> = []
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
    func isStreaming(_ channel: any Channel) {
        state.withLock { _ = $0.streams.insert(ObjectIdentifier(channel)) }
    }

    /// How many there are.
    var count: Int { state.withLock { $0.channels.count } }

    func closeStreams() {
        let channels = state.withLock { state in state.streams.compactMap { state.channels[$0] } }
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
        state.withLock { state in
            state.channels[ObjectIdentifier(channel)] = nil
            state.streams.remove(ObjectIdentifier(channel))
        }
    }
}
