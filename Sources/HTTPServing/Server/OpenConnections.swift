import NIOCore
import Synchronization

/// All open connections: admits new ones, closes idle ones, and ends them at a stop.
///
/// At the limit, the connection that has been idle longest is closed for a new one; a connection without a complete request
/// counts as idle. If none is idle, a few reserved slots remain for probes.
final class OpenConnections: Sendable {
    private struct Connection {
        let channel: any Channel
        let address: ClientAddress
        let isReserved: Bool
        /// When it became idle, as a count; nil while a request is being answered.
        var idleSince: UInt64?
        var stream: Stream?
        /// Whether its client has closed its side.
        var isSilent = false
    }

    private struct Stream {
        let end: AsyncStream<Void>.Continuation
        let isAllowed: @Sendable () -> Bool
    }

    private struct State {
        var connections: [ObjectIdentifier: Connection] = [:]
        /// Ordinary slots by address.
        var taken: [ClientAddress: Int] = [:]
        var reserved = 0
        var turn: UInt64 = 0
        var givenUp: UInt64 = 0
        var isClosed = false

        var ordinary: Int { connections.count - reserved }
    }

    private let limits: HTTPLimits
    private let state = Mutex(State())

    init(limits: HTTPLimits) {
        self.limits = limits
    }

    /// The number of open connections.
    var count: Int { state.withLock { $0.connections.count } }

    /// The number of idle connections that were closed for new ones.
    var givenUp: UInt64 { state.withLock { $0.givenUp } }

    // MARK: Places

    /// Admits a connection until it is closed.
    /// - Returns: whether it has a reserved place.
    func add(_ channel: any Channel) -> Bool {
        let address = ClientAddress(channel.remoteAddress)
        let (place, closed) = state.withLock { state in admit(channel, address, &state) }
        closed?.close(promise: nil)
        guard let place else {
            channel.close(promise: nil)
            return true
        }
        channel.closeFuture.whenComplete { _ in self.remove(channel) }
        return place == .reserved
    }

    private enum Place {
        case ordinary
        case reserved
    }

    /// - Returns: the place, nil if there is none; and the connection that is closed for it.
    private func admit(
        _ channel: any Channel, _ address: ClientAddress, _ state: inout State
    ) -> (Place?, (any Channel)?) {
        if state.isClosed { return (nil, nil) }
        var place = Place.ordinary
        var victim: ObjectIdentifier?
        if let share = limits.share(of: address), state.taken[address, default: 0] >= share {
            victim = Self.longestIdle(state) { !$0.isReserved && $0.address == address }
            if victim == nil { place = .reserved }
        } else if state.ordinary >= limits.connections {
            victim = Self.longestIdle(state) { !$0.isReserved }
            if victim == nil { place = .reserved }
        }
        if place == .reserved, state.reserved >= limits.reservedConnections {
            victim = Self.longestIdle(state, where: \.isReserved)
            if victim == nil { return (nil, nil) }
        }
        let closed = victim.flatMap { Self.take($0, &state)?.channel }
        if closed != nil { state.givenUp += 1 }
        state.turn += 1
        state.connections[ObjectIdentifier(channel)] = Connection(
            channel: channel, address: address, isReserved: place == .reserved, idleSince: state.turn)
        switch place {
        case .ordinary: state.taken[address, default: 0] += 1
        case .reserved: state.reserved += 1
        }
        return (place, closed)
    }

    private static func longestIdle(
        _ state: State, where isWanted: (Connection) -> Bool
    ) -> ObjectIdentifier? {
        var found: (id: ObjectIdentifier, since: UInt64)?
        for (id, connection) in state.connections {
            guard let since = connection.idleSince, isWanted(connection) else { continue }
            if let found, found.since < since { continue }
            found = (id, since)
        }
        return found?.id
    }

    private static func take(_ id: ObjectIdentifier, _ state: inout State) -> Connection? {
        guard let connection = state.connections.removeValue(forKey: id) else { return nil }
        if connection.isReserved {
            state.reserved -= 1
        } else {
            let left = state.taken[connection.address, default: 1] - 1
            state.taken[connection.address] = left > 0 ? left : nil
        }
        return connection
    }

    /// A complete request has arrived: the connection is not idle until it has been answered.
    func begin(_ channel: any Channel) {
        state.withLock { $0.connections[ObjectIdentifier(channel)]?.idleSince = nil }
    }

    /// All requests have been answered.
    func end(_ channel: any Channel) {
        state.withLock { state in
            state.turn += 1
            state.connections[ObjectIdentifier(channel)]?.idleSince = state.turn
        }
    }

    /// The client of a connection.
    func client(of channel: any Channel) -> HTTPPeer {
        let connection = state.withLock { $0.connections[ObjectIdentifier(channel)] }
        return HTTPPeer(
            address: connection?.address.text ?? "unknown", isOnReservedPlace: connection?.isReserved ?? false)
    }

    // MARK: Streams

    /// Registers a stream, which has no end of its own.
    /// - Parameter isAllowed: whether its client may still receive it.
    /// - Returns: a sequence that ends when the client has gone.
    func beginStream(on channel: any Channel, isAllowed: @escaping @Sendable () -> Bool) -> AsyncStream<Void> {
        let (connected, continuation) = AsyncStream<Void>.makeStream()
        let isOpen = state.withLock { state in
            let id = ObjectIdentifier(channel)
            guard state.connections[id]?.isSilent == false else { return false }
            state.connections[id]?.stream = Stream(end: continuation, isAllowed: isAllowed)
            return true
        }
        if !isOpen { continuation.finish() }
        return connected
    }

    /// Records that a client has closed its side. The client of a stream has then gone.
    func inputEnded(_ channel: any Channel) {
        let stream = state.withLock { state in
            let id = ObjectIdentifier(channel)
            state.connections[id]?.isSilent = true
            return state.connections[id]?.stream.take()
        }
        stream?.end.finish()
    }

    /// Closes streams whose clients are no longer authorized.
    func closeForbiddenStreams() {
        let streams = state.withLock { state in
            state.connections.values.compactMap { connection in
                connection.stream.map { (channel: connection.channel, isAllowed: $0.isAllowed) }
            }
        }
        for stream in streams where !stream.isAllowed() { stream.channel.close(promise: nil) }
    }

    func closeStreams() {
        let channels = state.withLock { state in
            state.connections.values.filter { $0.stream != nil }.map(\.channel)
        }
        for channel in channels { channel.close(promise: nil) }
    }

    /// Closes all connections, later ones included.
    func closeAll() {
        let channels = state.withLock { state in
            state.isClosed = true
            return state.connections.values.map(\.channel)
        }
        for channel in channels { channel.close(promise: nil) }
    }

    private func remove(_ channel: any Channel) {
        let connection = state.withLock { Self.take(ObjectIdentifier(channel), &$0) }
        connection?.stream?.end.finish()
    }
}
