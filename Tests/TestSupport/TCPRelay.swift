import Glibc
import Synchronization

/// A wire between MQTT clients and a broker that can be observed, held and cut.
///
/// One thread carries all connections and waits for receivers, so a client that does not read can block the others.
/// Orders (`hold`, `cut`, `stop`) take effect within milliseconds.
public final class TCPRelay: Sendable {
    /// The direction of bytes.
    public enum Direction: Int, Sendable {
        case fromClient = 0
        case fromBroker = 1
    }

    /// MQTT control packet types (MQTT 5, 2.1.2).
    public enum PacketType: UInt8, Sendable {
        case connect = 1, connack, publish, puback, pubrec, pubrel, pubcomp, subscribe, suback, unsubscribe, unsuback
        case pingreq, pingresp, disconnect, auth
    }

    private struct State {
        var counts: [[UInt8: Int]] = [[:], [:]]
        var duplicates = [0, 0]
        var bytes = [0, 0]
        var isHeld = [false, false]
        /// Types of packets to drop, by direction.
        var swallowed: [Set<UInt8>] = [[], []]
        var isCut = false
        var isStopped = false
        var connections = 0
    }

    /// Where clients connect to, on 127.0.0.1.
    public let port: Int
    private let brokerPort: Int
    private let listener: Int32
    private let state = Mutex(State())

    /// The longest time between two checks for orders.
    private static let turnMilliseconds: Int32 = 2

    /// Starts relaying from a free port to `brokerPort` on 127.0.0.1.
    public init(to brokerPort: Int) throws {
        self.brokerPort = brokerPort
        listener = try listenOnLoopback(port: 0)
        port = try localPort(of: listener)
        let thread = RelayThread(relay: self)
        try thread.start()
    }

    /// Ends the thread and closes everything. Call it when the test is done.
    public func stop() { state.withLock { $0.isStopped = true } }

    /// How many packets of a type have passed in a direction.
    public func count(_ type: PacketType, _ direction: Direction) -> Int {
        state.withLock { $0.counts[direction.rawValue][type.rawValue] ?? 0 }
    }

    /// How many PUBLISH packets with the DUP flag have passed in a direction.
    public func duplicates(_ direction: Direction) -> Int {
        state.withLock { $0.duplicates[direction.rawValue] }
    }

    /// How many bytes have passed in a direction.
    public func bytes(_ direction: Direction) -> Int { state.withLock { $0.bytes[direction.rawValue] } }

    /// How many clients have connected so far.
    public var connections: Int { state.withLock { $0.connections } }

    /// Holds back the bytes of a direction in the sender's socket, or releases them.
    public func hold(_ isHeld: Bool, _ direction: Direction) {
        state.withLock { $0.isHeld[direction.rawValue] = isHeld }
    }

    /// Drops packets of a type in a direction; nil drops none.
    public func swallow(_ type: PacketType?, _ direction: Direction) {
        state.withLock { $0.swallowed[direction.rawValue] = type.map { [$0.rawValue] } ?? [] }
    }

    /// Closes all present connections; new ones are accepted.
    public func cut() { state.withLock { $0.isCut = true } }

    // For the relay's thread.

    fileprivate func orders() -> (isHeld: [Bool], isCut: Bool, isStopped: Bool) {
        state.withLock { state in
            defer { state.isCut = false }
            return (state.isHeld, state.isCut, state.isStopped)
        }
    }

    fileprivate func swallowed(_ direction: Int) -> Set<UInt8> { state.withLock { $0.swallowed[direction] } }

    fileprivate func note(_ bytes: Int, _ packets: [UInt8], _ direction: Int) {
        state.withLock { state in
            state.bytes[direction] += bytes
            for first in packets {
                state.counts[direction][first >> 4, default: 0] += 1
                if first >> 4 == PacketType.publish.rawValue, first & 0x08 != 0 { state.duplicates[direction] += 1 }
            }
        }
    }

    fileprivate func accept() -> [Int32]? {
        let client = Glibc.accept(listener, nil, nil)
        guard client >= 0 else { return nil }
        guard let broker = connectToLoopback(port: brokerPort) else {
            close(client)
            return nil
        }
        var noDelay: Int32 = 1
        for socket in [client, broker] {
            setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &noDelay, socklen_t(MemoryLayout<Int32>.size))
        }
        state.withLock { $0.connections += 1 }
        return [client, broker]
    }

    fileprivate var listenerDescriptor: Int32 { listener }
    fileprivate static var pause: Int32 { turnMilliseconds }
}

/// Finds packet starts in a stream of MQTT bytes (MQTT 5, 2.1).
struct MQTTFraming {
    private var header: [UInt8] = []
    private var bodyLeft = 0
    /// Type of the packet whose body is passing.
    private var type: UInt8 = 0

    /// The next bytes of a stream without the packets of some types. A packet's header is forwarded when it is
    /// complete.
    mutating func filter(_ bytes: ArraySlice<UInt8>, without types: Set<UInt8>) -> [UInt8] {
        var kept: [UInt8] = []
        var rest = bytes
        while !rest.isEmpty {
            if bodyLeft > 0 {
                let count = min(bodyLeft, rest.count)
                if !types.contains(type) { kept += rest.prefix(count) }
                rest = rest.dropFirst(count)
                bodyLeft -= count
                continue
            }
            let byte = rest.removeFirst()
            header.append(byte)
            guard header.count > 1, byte & 0x80 == 0 else { continue }
            bodyLeft = header.dropFirst().reversed().reduce(0) { $0 << 7 | Int($1 & 0x7F) }
            type = header[0] >> 4
            if !types.contains(type) { kept += header }
            header = []
        }
        return kept
    }

    /// The first byte of every packet that begins and whose header ends in `bytes`.
    mutating func packets(in bytes: ArraySlice<UInt8>) -> [UInt8] {
        var found: [UInt8] = []
        var rest = bytes
        while !rest.isEmpty {
            if bodyLeft > 0 {
                let count = min(bodyLeft, rest.count)
                rest = rest.dropFirst(count)
                bodyLeft -= count
                continue
            }
            let byte = rest.removeFirst()
            header.append(byte)
            guard header.count > 1, byte & 0x80 == 0 else { continue }
            bodyLeft = header.dropFirst().reversed().reduce(0) { $0 << 7 | Int($1 & 0x7F) }
            found.append(header[0])
            header = []
        }
        return found
    }
}

/// The relay's thread and everything that only it touches.
private final class RelayThread {
    private struct Pair {
        var sockets: [Int32]
        var framing = [MQTTFraming(), MQTTFraming()]
        var filters = [MQTTFraming(), MQTTFraming()]
    }

    private let relay: TCPRelay
    private var pairs: [Pair] = []

    init(relay: TCPRelay) { self.relay = relay }

    func start() throws {
        signal(SIGPIPE, SIG_IGN)
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<RelayThread>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        guard code == 0 else { throw TestSupportError("no thread for the relay") }
        pthread_detach(thread)
    }

    private func run() {
        while true {
            let orders = relay.orders()
            if orders.isCut || orders.isStopped {
                pairs.flatMap(\.sockets).forEach { _ = close($0) }
                pairs = []
            }
            if orders.isStopped {
                close(relay.listenerDescriptor)
                return
            }
            turn(isHeld: orders.isHeld)
        }
    }

    private func turn(isHeld: [Bool]) {
        var descriptors = [pollfd(fd: relay.listenerDescriptor, events: Int16(POLLIN), revents: 0)]
        for pair in pairs {
            for direction in 0...1 {
                // A negative descriptor is skipped by poll(2).
                let socket = isHeld[direction] ? -1 : pair.sockets[direction]
                descriptors.append(pollfd(fd: socket, events: Int16(POLLIN), revents: 0))
            }
        }
        guard poll(&descriptors, nfds_t(descriptors.count), TCPRelay.pause) > 0 else { return }
        var ended: [Int] = []
        for index in pairs.indices {
            for direction in 0...1 where descriptors[1 + 2 * index + direction].revents != 0 {
                if !forward(index, direction) { ended.append(index) }
            }
        }
        for index in Set(ended).sorted(by: >) {
            pairs[index].sockets.forEach { _ = close($0) }
            pairs.remove(at: index)
        }
        if descriptors[0].revents != 0, let sockets = relay.accept() { pairs.append(Pair(sockets: sockets)) }
    }

    /// False when the connection has ended.
    private func forward(_ index: Int, _ direction: Int) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = read(pairs[index].sockets[direction], &buffer, buffer.count)
        guard count > 0 else { return false }
        // Counted before it is sent on: anybody who sees an effect of these bytes also sees them counted.
        relay.note(count, pairs[index].framing[direction].packets(in: buffer[..<count]), direction)
        var rest = pairs[index].filters[direction].filter(buffer[..<count], without: relay.swallowed(direction))[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { write(pairs[index].sockets[1 - direction], $0.baseAddress, $0.count) }
            guard written > 0 else { return false }
            rest = rest.dropFirst(written)
        }
        return true
    }
}
