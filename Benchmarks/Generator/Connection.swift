import Glibc

/// One MQTT connection to a broker on 127.0.0.1: a raw non-blocking socket with a buffer in each direction. Many
/// packets share a `send` or a `recv`; a message costs a copy and a few comparisons.
/// into one `send`, many come out of one `recv`; what a message costs here is a copy and a few comparisons.
///
/// Belongs to the one thread of the generator.
final class Connection {
    let descriptor: Int32
    private let clientID: String

    private let incoming: UnsafeMutableRawPointer
    private var incomingCount = 0
    private var outgoing: UnsafeMutableRawPointer
    private var outgoingCapacity = 1 << 18
    private var outgoingHead = 0
    private var outgoingCount = 0

    /// Publishes that the broker has not acknowledged.
    private(set) var unacknowledged = 0
    private var nextPacketID: UInt16 = 1
    /// Acknowledgements come in the order of the publishes [MQTT-4.6.0-2].
    private var nextAcknowledged: UInt16 = 1
    private var control: Control?

    /// An answer to CONNECT or SUBSCRIBE.
    private enum Control {
        case connected
        case refused(UInt8)
        case subscribed([UInt8])
    }

    /// The largest packet that is read, and the most that one `recv` takes.
    private static let incomingCapacity = 1 << 20
    private static let answerTimeoutSeconds = 10.0

    /// Connects and waits for the broker's answer.
    init(port: UInt16, clientID: String) throws {
        self.clientID = clientID
        descriptor = try Loopback.connect(to: port)
        incoming = .allocate(byteCount: Self.incomingCapacity, alignment: 16)
        outgoing = .allocate(byteCount: outgoingCapacity, alignment: 16)
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        guard fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0 else { throw BenchError.system("fcntl") }
        append(MQTTCodec.connect(clientID: clientID))
        guard case .connected = try awaitAnswer("CONNECT") else {
            throw BenchError("the broker refuses the connection of \(clientID)")
        }
    }

    deinit {
        close(descriptor)
        incoming.deallocate()
        outgoing.deallocate()
    }

    /// Whether the socket did not accept everything at the last `flush`.
    var hasUnsent: Bool { outgoingCount > outgoingHead }

    /// Subscribes at QoS 1 and waits for the broker's answer.
    func subscribe(_ filters: [String]) throws {
        append(MQTTCodec.subscribe(packetID: 1, filters: filters))
        guard case .subscribed(let codes) = try awaitAnswer("SUBSCRIBE"), codes.allSatisfy({ $0 == 1 }) else {
            throw BenchError("the broker refuses the subscription to \(filters)")
        }
    }

    /// Appends a QoS 1 PUBLISH to the send buffer, with the next packet id.
    /// - Returns: the packet's position, for a caller that changes some of its bytes; valid until the next call.
    func publish(_ packet: UnsafeRawBufferPointer, packetIDOffset: Int) -> UnsafeMutableRawPointer {
        let place = reserve(packet.count)
        if let source = packet.baseAddress { place.copyMemory(from: source, byteCount: packet.count) }
        MQTTCodec.writePacketID(nextPacketID, to: place + packetIDOffset)
        nextPacketID = Self.following(nextPacketID)
        unacknowledged += 1
        return place
    }

    func publish(_ packet: MQTTCodec.Publish) {
        packet.bytes.withUnsafeBytes { _ = publish($0, packetIDOffset: packet.packetIDOffset) }
    }

    /// Sends as much as the socket accepts.
    func flush() throws {
        while outgoingHead < outgoingCount {
            let sent = send(descriptor, outgoing + outgoingHead, outgoingCount - outgoingHead, Int32(MSG_NOSIGNAL))
            if sent < 0 {
                if errno == EINTR { continue }
                guard errno == EAGAIN else { throw BenchError.system("\(clientID) cannot send to the broker") }
                return
            }
            outgoingHead += sent
        }
        outgoingHead = 0
        outgoingCount = 0
    }

    /// Reads the received packets. Each message is passed to `body` (topic and payload, valid during the call) and its
    /// PUBACK appended to the send buffer.
    func receive(_ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void) throws {
        while true {
            let room = Self.incomingCapacity - incomingCount
            let received = recv(descriptor, incoming + incomingCount, room, 0)
            if received < 0 {
                if errno == EINTR { continue }
                guard errno == EAGAIN else { throw BenchError.system("\(clientID) cannot read from the broker") }
                return
            }
            guard received > 0 else { throw BenchError("the broker has closed the connection of \(clientID)") }
            incomingCount += received
            try consume(body)
            if received < room { return }
        }
    }

    private func consume(_ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void) throws {
        var offset = 0
        loop: while offset < incomingCount {
            let rest = UnsafeRawBufferPointer(start: incoming + offset, count: incomingCount - offset)
            switch MQTTCodec.parse(rest) {
            case .incomplete:
                break loop
            case .malformed:
                throw BenchError("the broker sent \(clientID) what is no MQTT packet")
            case .packet(let packet, let length):
                offset += length
                try handle(packet, body)
            }
        }
        if offset > 0, offset < incomingCount {
            memmove(incoming, incoming + offset, incomingCount - offset)
        }
        incomingCount -= offset
        guard incomingCount < Self.incomingCapacity else {
            throw BenchError("a packet to \(clientID) is larger than \(Self.incomingCapacity) bytes")
        }
    }

    private func handle(
        _ packet: MQTTCodec.Packet, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        switch packet {
        case .message(let topic, let payload, let packetID, _):
            try body(topic, payload)
            guard packetID != 0 else { return }
            MQTTCodec.writeAcknowledgement(of: packetID, to: reserve(MQTTCodec.acknowledgementLength))
        case .acknowledged(let packetID):
            guard packetID == nextAcknowledged, unacknowledged > 0 else {
                throw BenchError("the broker acknowledged packet \(packetID), expected was \(nextAcknowledged)")
            }
            nextAcknowledged = Self.following(nextAcknowledged)
            unacknowledged -= 1
        case .connectionAccepted: control = .connected
        case .connectionRefused(let code): control = .refused(code)
        case .subscribed(_, let codes): control = .subscribed(Array(codes))
        case .pong: break
        }
    }

    private func awaitAnswer(_ what: String) throws -> Control {
        let deadline = Clock.now + Int64(Self.answerTimeoutSeconds * 1e9)
        control = nil
        while Clock.now < deadline {
            try flush()
            Readiness.wait(for: [self], until: Clock.now + 10_000_000)
            try receive { _, _ in }
            if let control { return control }
        }
        throw BenchError("the broker does not answer the \(what) of \(clientID)")
    }

    private func append(_ bytes: [UInt8]) {
        let place = reserve(bytes.count)
        bytes.withUnsafeBytes { if let source = $0.baseAddress { place.copyMemory(from: source, byteCount: $0.count) } }
    }

    private func reserve(_ count: Int) -> UnsafeMutableRawPointer {
        if outgoingCount + count > outgoingCapacity { makeRoom(count) }
        defer { outgoingCount += count }
        return outgoing + outgoingCount
    }

    /// The publishers' windows bound the buffer.
    private func makeRoom(_ count: Int) {
        let waiting = outgoingCount - outgoingHead
        while waiting + count > outgoingCapacity { outgoingCapacity *= 2 }
        let larger = UnsafeMutableRawPointer.allocate(byteCount: outgoingCapacity, alignment: 16)
        larger.copyMemory(from: outgoing + outgoingHead, byteCount: waiting)
        outgoing.deallocate()
        outgoing = larger
        outgoingHead = 0
        outgoingCount = waiting
    }

    private static func following(_ packetID: UInt16) -> UInt16 { packetID == .max ? 1 : packetID + 1 }
}
