import CMosquitto
import Glibc

/// Stands between the broker's socket and libmosquitto, so that the library reads only checked bytes
/// (`PacketInspector`).
///
/// The library connects by itself. Then its descriptor is replaced by one end of a socket pair; this object keeps the
/// other end and the broker's socket. With TLS the records pass to the library unchanged, one at a time, and the
/// content of each is inspected in the library's own TLS session before the library reads it. Used only by the
/// connection's thread; nothing here waits.
final class GuardedSocket {
    /// The outcome of an attempt to move bytes.
    enum Outcome {
        case moved
        /// There is nothing to move, or the other side has no room.
        case blocked
        case ended(MQTTError)
    }

    /// The broker's socket, for poll(2).
    let descriptor: Int32
    private let inner: Int32
    private let broker: BrokerAddress
    private let isEncrypted: Bool
    /// nil if OpenSSL cannot be found: then records pass without inspection.
    private let tls: TLSSession?
    private var inspector: PacketInspector
    /// With TLS: bytes received from the broker; those after `receivedHead` have not been passed on yet.
    private var received: [UInt8] = []
    private var receivedHead = 0
    /// Nil if the library's acknowledgements pass through.
    private var filter: AcknowledgementFilter?
    /// Our own PUBACKs, which are sent between two packets of the library.
    private var acknowledgements: [UInt8] = []
    /// Bytes that the broker's socket has not accepted yet.
    private var unsent: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: GuardedSocket.chunk)

    /// Bytes moved at once; also the largest TLS record with its overhead (RFC 8446, 5.2).
    private static let chunk = 64 * 1_024
    private static let tlsHeader = 5
    private static let tlsRecordLimit = 16_384 + 2_048 + tlsHeader

    /// Replaces the library's socket.
    ///
    /// - Parameter acknowledgesExplicitly: only `acknowledge` sends PUBACKs. Not with TLS.
    /// - Throws: `systemError` if the process has no descriptor left.
    init(
        handle: OpaquePointer, broker address: BrokerAddress, version: MQTTVersion, packetLimit: Int,
        acknowledgesExplicitly: Bool
    ) throws(MQTTError) {
        broker = address
        inspector = PacketInspector(version: version, packetLimit: packetLimit)
        isEncrypted = address.tls != nil
        filter = acknowledgesExplicitly ? AcknowledgementFilter() : nil
        tls = isEncrypted ? TLSSession(handle) : nil
        let librarys = mosquitto_socket(handle)
        descriptor = fcntl(librarys, F_DUPFD_CLOEXEC, 0)
        var pair: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard descriptor >= 0, socketpair(AF_UNIX, type, 0, &pair) == 0 else {
            let reason = errnoText()
            if descriptor >= 0 { close(descriptor) }
            inner = -1
            throw MQTTError(
                .systemError, "cannot create a socket pair: raise the limit on open files", underlying: reason)
        }
        inner = pair[0]
        // Cannot fail: both are open. dup2 leaves close-on-exec off.
        dup2(pair[1], librarys)
        _ = fcntl(librarys, F_SETFD, FD_CLOEXEC)
        close(pair[1])
    }

    deinit {
        close(descriptor)
        if inner >= 0 { close(inner) }
    }

    /// Whether bytes wait for the broker's socket.
    var hasUnsent: Bool { !unsent.isEmpty || !acknowledgements.isEmpty }

    // MARK: To the library

    /// Passes on the broker's bytes as far as they are valid. Call it when the library has read everything it was
    /// given: then there is room for as much as is moved at once.
    func feed() -> Outcome {
        if isEncrypted { return feedRecord() }
        let count = receiveIntoBuffer()
        guard count > 0 else { return receivingFailed(count) }
        return buffer.withUnsafeBytes { bytes in
            let received = UnsafeRawBufferPointer(rebasing: bytes[..<count])
            if let fault = inspector.take(received) { return .ended(violation(fault)) }
            return pass(received) ?? .moved
        }
    }

    private func feedRecord() -> Outcome {
        if isStarved {
            if receivedHead > 0 {
                received.removeFirst(receivedHead)
                receivedHead = 0
            }
            guard received.count < Self.tlsRecordLimit else { return .ended(notTLS) }
            let count = receiveIntoBuffer()
            guard count > 0 else { return receivingFailed(count) }
            received.append(contentsOf: buffer[..<count])
        }
        let end = nextEnd
        guard end > receivedHead else { return .blocked }
        let failure = received.withUnsafeBytes { pass(UnsafeRawBufferPointer(rebasing: $0[receivedHead..<end])) }
        if let failure { return failure }
        receivedHead = end
        return tls.map(inspectRecord) ?? .moved
    }

    /// - Returns: nil if the library can read all of it.
    private func pass(_ bytes: UnsafeRawBufferPointer) -> Outcome? {
        guard send(inner, bytes.baseAddress, bytes.count, flags) != bytes.count else { return nil }
        return .ended(MQTTError(.systemError, "cannot pass \(bytes.count) bytes on", underlying: errnoText()))
    }

    /// There is no complete record to pass on.
    private var isStarved: Bool { nextEnd == receivedHead }

    /// The end of the next record to pass on.
    private var nextEnd: Int {
        let count = received.count - receivedHead
        guard count >= Self.tlsHeader else { return receivedHead }
        let size = Self.tlsHeader + Int(received[receivedHead + 3]) << 8 + Int(received[receivedHead + 4])
        return count >= size ? receivedHead + size : receivedHead
    }

    private func inspectRecord(_ session: TLSSession) -> Outcome {
        guard let count = session.peek(&buffer) else { return .moved }
        let fault = buffer.withUnsafeBytes { bytes in
            inspector.take(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        }
        return fault.map { .ended(violation($0)) } ?? .moved
    }

    private func receiveIntoBuffer() -> Int {
        var count: Int
        repeat {
            count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        } while count < 0 && errno == EINTR
        return count
    }

    private func receivingFailed(_ count: Int) -> Outcome {
        if count < 0, errno == EAGAIN { return .blocked }
        return .ended(ended(count == 0 ? MOSQ_ERR_CONN_LOST.rawValue : MOSQ_ERR_ERRNO.rawValue, errno))
    }

    // MARK: To the broker

    /// Moves the library's output to the broker's socket, as far as it accepts bytes.
    func pump() -> Outcome {
        while true {
            if !unsent.isEmpty {
                let count = unsent.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, flags) }
                guard count > 0 else { return sendingFailed(errno) }
                unsent.removeFirst(count)
                if !unsent.isEmpty { return .blocked }
            }
            if !acknowledgements.isEmpty, filter?.isBetweenPackets ?? false {
                swap(&unsent, &acknowledgements)
                continue
            }
            let count = recv(inner, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count > 0 else { return .moved }
            if filter != nil {
                // The next round sends it.
                unsent = buffer.withUnsafeBytes { bytes in
                    filter?.filter(UnsafeRawBufferPointer(rebasing: bytes[..<count])) ?? []
                }
                if unsent.isEmpty, acknowledgements.isEmpty, count < buffer.count { return .moved }
                continue
            }
            let sent = buffer.withUnsafeBytes { send(descriptor, $0.baseAddress, count, flags) }
            let systemCode = errno
            if sent < count { unsent.append(contentsOf: buffer[max(0, sent)..<count]) }
            if sent < 0 { return sendingFailed(systemCode) }
            // If the buffer was not full, the socket has accepted everything.
            if sent == count, count < buffer.count { return .moved }
        }
    }

    /// Queues PUBACKs; `pump` sends them. MQTT 5 also accepts the short form: without a reason code it means success.
    func acknowledge(_ identifiers: some Sequence<UInt16>) {
        for identifier in identifiers {
            acknowledgements += [0x40, 2, UInt8(identifier >> 8), UInt8(identifier & 0xFF)]
        }
    }

    private func sendingFailed(_ systemCode: Int32) -> Outcome {
        systemCode == EAGAIN || systemCode == EINTR ? .blocked : .ended(ended(MOSQ_ERR_ERRNO.rawValue, systemCode))
    }

    private var flags: Int32 { Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL) }

    private func ended(_ code: Int32, _ systemCode: Int32) -> MQTTError {
        .ended(broker, code: code, systemCode: systemCode)
    }

    private func violation(_ fault: PacketFault) -> MQTTError {
        MQTTError(
            .protocolViolation, "the broker at \(broker) sent something that is not MQTT as configured",
            underlying: fault.reason)
    }

    private var notTLS: MQTTError {
        MQTTError(.protocolViolation, "the broker at \(broker) sent something that is not TLS")
    }
}

/// The TLS session of libmosquitto. OpenSSL is the library's dependency, not ours, so its functions are looked up at
/// run time.
private struct TLSSession {
    private typealias Peek = @convention(c) (OpaquePointer, UnsafeMutableRawPointer?, Int32) -> Int32
    private typealias IsFinished = @convention(c) (OpaquePointer) -> Int32
    private typealias ClearErrors = @convention(c) () -> Void

    private let session: OpaquePointer
    private let peekFunction: Peek
    private let isFinished: IsFinished
    private let clearErrors: ClearErrors

    init?(_ handle: OpaquePointer) {
        guard let session = mosquitto_ssl_get(handle), let peek = dlsym(nil, "SSL_peek"),
            let isFinished = dlsym(nil, "SSL_is_init_finished"), let clearErrors = dlsym(nil, "ERR_clear_error")
        else { return nil }
        self.session = OpaquePointer(session)
        peekFunction = unsafeBitCast(peek, to: Peek.self)
        self.isFinished = unsafeBitCast(isFinished, to: IsFinished.self)
        self.clearErrors = unsafeBitCast(clearErrors, to: ClearErrors.self)
    }

    /// The content of the record passed on last, without consuming it; nil during the handshake and for records without
    /// data.
    func peek(_ buffer: inout [UInt8]) -> Int? {
        guard isFinished(session) == 1 else { return nil }
        let count = buffer.withUnsafeMutableBytes { peekFunction(session, $0.baseAddress, Int32($0.count)) }
        guard count > 0 else {
            // The library checks the error queue after its own call.
            clearErrors()
            return nil
        }
        return Int(count)
    }
}
