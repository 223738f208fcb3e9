import CMosquitto
import Glibc

/// One connection to a broker, owned by one thread. It starts no threads and does nothing between calls.
///
/// The thread repeats `poll`, `read`, process the events, `keepAlive`, `flush` (always: a ping waits for it too). Every
/// end of the connection, wherever it is noticed, is one `.disconnected` or `.connectionRefused` event of the next
/// `read`; then `connect()` opens a new one. Publishes that were not acknowledged by then are forgotten here: the
/// caller publishes them again.
///
/// With `.whenFlushed` the PUBACK of a message leaves only in `flush()` (design: "acknowledge after commit").
/// libmosquitto queues it before it delivers the message, and its queue has no "up to here", so a `flush()`
/// acknowledges everything read so far. SUBSCRIBE and PUBLISH on such a connection also leave only in `flush()`. With
/// `.explicit` the library's PUBACKs are removed from its output, and `acknowledge` writes them: messages may be read
/// while earlier ones are not committed yet.
public final class MQTTConnection {
    /// How long `flush()` waits for a broker that does not accept our bytes before it abandons the connection.
    public static let flushLimitMilliseconds = 10_000
    /// How long `disconnect()` waits in the same case.
    public static let disconnectLimitMilliseconds = 2_000

    let options: MQTTOptions
    // Destruction order: libmosquitto's handle points to the context, so `deinit` destroys the handle first.
    let context: CallbackContext
    private var handle: ConnectionHandle?
    /// Between the broker and libmosquitto while there is a connection.
    private var wire: GuardedSocket?
    /// libmosquitto has read all bytes that it was given.
    private var isDrained = true
    /// libmosquitto may have written bytes that have not been passed to the broker.
    var mayHaveOutput = false
    /// Why writing is no longer possible. The connection ends once everything from the broker has been read.
    private var writeError: MQTTError?
    /// Publishes wait for `gather(false)`.
    var isGathering = false
    /// The properties of the last publish in libmosquitto's form: most publishes have the same.
    var prepared = PropertyList()
    var preparedFrom = PublishProperties()
    var connectDeadline = ContinuousClock.now
    /// The last `read` stopped at a limit: buffers that `poll(2)` cannot see may contain more.
    private var mayHoldMore = false
    var brokerSilence: BrokerSilence
    /// When the broker was last sent a packet to keep the connection while nothing is read.
    var keptAt = SuspendingClock.now

    /// Checks the options without connecting.
    ///
    /// - Precondition: no TLS with explicit acknowledgement.
    /// - Throws: `invalidOption`, or `tlsFailure` for a file that cannot be read.
    public init(_ options: MQTTOptions) throws(MQTTError) {
        self.options = options
        brokerSilence = BrokerSilence(options.silence)
        context = CallbackContext(broker: options.broker, version: options.version)
        _ = try ConnectionHandle(options, context: context)
    }

    /// Closes the socket without DISCONNECT: the broker publishes the will and keeps the session.
    deinit { abandon() }

    /// Whether the broker has accepted the connection and it has not ended since.
    public var isConnected: Bool { context.phase == .connected }

    /// Whether there is a connection or an attempt to connect; if false, call `connect()`.
    public var isOpen: Bool { context.phase != .closed }

    /// How long the broker has sent nothing while this side listened: a few seconds on a sound connection, because the
    /// broker is probed after each `BrokerSilenceLimits.askAfter`.
    public var silence: Duration { isConnected ? brokerSilence.duration : .zero }

    /// Number of QoS 1 messages that were read and that the next write acknowledges; only with `.whenFlushed`.
    public var unacknowledgedCount: Int {
        options.acknowledgement == .whenFlushed ? context.unflushed : 0
    }

    /// Number of publishes that the broker accepts at once (CONNACK, MQTT 5, 3.2.2.3.3); 65535 if it does not say.
    /// libmosquitto holds back publishes above it.
    public var brokerReceiveMaximum: Int { context.brokerReceiveMaximum }

    /// Whether bytes wait to be written.
    public var wantsWrite: Bool { wire?.hasUnsent == true || libraryWantsWrite }

    private var libraryWantsWrite: Bool { handle.map { mosquitto_want_write($0.pointer) } ?? false }

    /// Opens the TCP connection and sends CONNECT; an event tells whether the broker accepts. Drops an earlier
    /// connection as `abandon()` does. Blocks for name resolution and the TCP handshake as long as the kernel tries (up
    /// to about two minutes if a host drops packets).
    ///
    /// - Throws: `hostUnreachable`, `tlsFailure`, `invalidOption`, `systemError`.
    public func connect() throws(MQTTError) {
        abandon()
        let handle = try ConnectionHandle(options, context: context)
        var properties = PropertyList()
        if options.version == .v5 {
            if options.sessionExpirySeconds > 0 {
                try properties.add(MQTT_PROP_SESSION_EXPIRY_INTERVAL, options.sessionExpirySeconds)
            }
            try properties.add(MQTT_PROP_MAXIMUM_PACKET_SIZE, UInt32(options.packetLimit))
        }
        context.beginConnecting()
        let code = mosquitto_connect_bind_v5(
            handle.pointer, options.broker.host, Int32(options.broker.port), Int32(options.keepAliveSeconds), nil,
            properties.head)
        let systemCode = errno
        guard code == MOSQ_ERR_SUCCESS.rawValue else {
            context.phase = .closed
            throw .connecting(to: options.broker, code: code, systemCode: systemCode, log: context.log)
        }
        do throws(MQTTError) {
            wire = try GuardedSocket(
                handle: handle.pointer, broker: options.broker, version: options.version,
                packetLimit: options.packetLimit, acknowledgesExplicitly: options.acknowledgement == .explicit)
        } catch {
            context.phase = .closed
            throw error
        }
        connectDeadline = .now + .seconds(options.connectTimeoutSeconds)
        mayHoldMore = false
        isDrained = true
        writeError = nil
        brokerSilence.restart()
        keptAt = .now
        self.handle = handle
        writeCONNECT()
    }

    /// Waits until the socket is readable (or writable, if a write is pending), `wake` fires, or the time is up.
    /// Without a connection it waits only for `wake` and the time.
    ///
    /// - Parameters:
    ///   - timeoutMilliseconds: 0 returns at once, negative waits without limit.
    ///   - wake: ends the wait from another thread; its pending wake-ups are consumed.
    ///   - reading: false leaves incoming bytes unread, to hold the broker back; pass the same value to `keepAlive`.
    public func poll(timeoutMilliseconds: Int, wake: WakeHandle?, reading: Bool = true) -> PollResult {
        // An ended connection has no socket, so its end wakes no thread twice.
        if !isOpen { wire = nil }
        if mayHaveOutput { pump() }
        let writes =
            wire?.hasUnsent == true
            || (libraryWantsWrite && (options.acknowledgement != .whenFlushed || context.phase == .connecting))
        var descriptors = [
            pollfd(
                fd: wire?.descriptor ?? -1, events: Int16((reading ? POLLIN : 0) | (writes ? POLLOUT : 0)), revents: 0),
            pollfd(fd: wake?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        // An end noticed outside `read` has no socket left to announce it.
        let hasNews = !context.inbox.events.isEmpty || (reading && mayHoldMore)
        let timeout = hasNews ? 0 : Int32(clamping: timeoutMilliseconds)
        var result = PollResult()
        guard Glibc.poll(&descriptors, 2, timeout) >= 0 else {
            // After a signal the caller polls again. Any other error would recur at once: a busy loop.
            if errno != EINTR { end(code: MOSQ_ERR_ERRNO.rawValue, systemCode: errno) }
            return result
        }
        let socketEvents = Int32(descriptors[0].revents)
        if !reading || socketEvents & POLLIN != 0 { brokerSilence.restart() } else { brokerSilence.continues() }
        result.isReadable = hasNews || (reading && socketEvents & (POLLIN | POLLHUP | POLLERR | POLLNVAL) != 0)
        result.hasEnded = socketEvents & (POLLHUP | POLLERR | POLLNVAL) != 0
        if descriptors[1].revents != 0 {
            wake?.drain()
            result.isWoken = true
        }
        if writes, socketEvents & POLLOUT != 0 {
            if libraryWantsWrite { writeOnce() } else { pump() }
        }
        return result
    }

    /// Reads until nothing is left or a limit is reached, and returns the messages and all events noticed before.
    ///
    /// The limits are checked between packets, except that libmosquitto continues until a TLS record (16 KiB) is used
    /// up and, while publishes are in flight, up to that many packets.
    public func read(limit: Int, byteLimit: Int) -> Inbox {
        mayHoldMore = false
        while let handle = openHandle() {
            guard context.inbox.messages.count < limit, context.inboxBytes < byteLimit else {
                mayHoldMore = true
                break
            }
            if isDrained, !feed() { break }
            let before = context.callbackCount
            errno = 0
            let code = mosquitto_loop_read(handle, 1)
            let systemCode = errno
            mayHaveOutput = true
            noteEnd(code: code, systemCode: systemCode)
            if context.phase == .connecting { writeCONNECT() }
            // One packet per call; a callback may leave any errno behind, so only a call without one says "empty".
            if systemCode == EAGAIN, context.callbackCount == before { isDrained = true }
        }
        if mayHaveOutput { pump() }
        if !mayHoldMore, let writeError { end(closed: writeError) }
        if context.phase == .connected, let handle { CallbackContext.setLogging(false, for: handle.pointer) }
        defer {
            context.inbox = Inbox()
            context.inboxBytes = 0
        }
        return context.inbox
    }

    /// Writes everything queued: with `.whenFlushed`, the PUBACKs of all messages read so far. Waits up to
    /// `flushLimitMilliseconds` for a full socket; then the connection is abandoned.
    ///
    /// - Returns: whether everything was sent; if not, the connection has ended and the broker delivers again.
    @discardableResult
    public func flush() -> Bool {
        flush(limitMilliseconds: Self.flushLimitMilliseconds)
    }

    /// Sends the PUBACKs of messages that were read over this connection, with `.explicit`. The broker keeps
    /// unacknowledged messages, sends them again over the next connection, and meanwhile sends that many fewer messages
    /// at once over this one. Messages of earlier connections are skipped: their identifiers may by now belong to other
    /// messages.
    public func acknowledge(_ messages: some Sequence<ReceivedMessage>) {
        wire?.acknowledge(messages.lazy.filter { $0.qos > 0 && self.isCurrent($0) }.map(\.packetIdentifier))
        pump()
    }

    /// Whether a message arrived over the current connection.
    public func isCurrent(_ message: ReceivedMessage) -> Bool { isOpen && message.connection == context.connection }

    /// Ends the connection at once without writing: queued PUBACKs never leave, so the broker delivers those messages
    /// again. It also publishes the will. Causes no event.
    public func abandon() {
        wire = nil
        isGathering = false
        mayHaveOutput = false
        context.inbox = Inbox()  // Its events would be mistaken for those of the next connection.
        context.phase = .closed
        context.unflushed = 0
        handle = nil
    }

    /// Writes everything queued and DISCONNECT, so that the broker discards the will; waits at most
    /// `disconnectLimitMilliseconds`. While messages are unacknowledged it acts as `abandon()`, because writing would
    /// acknowledge them.
    public func disconnect() {
        guard unacknowledgedCount == 0, context.phase == .connected, let handle = openHandle() else { return abandon() }
        context.phase = .disconnecting
        if mosquitto_disconnect_v5(handle, 0, nil) == MOSQ_ERR_SUCCESS.rawValue {
            flush(limitMilliseconds: Self.disconnectLimitMilliseconds)
            // libmosquitto closes its socket after DISCONNECT.
            mayHaveOutput = true
            let deadline = ContinuousClock.now + .milliseconds(Self.disconnectLimitMilliseconds)
            while wire != nil, mayHaveOutput, ContinuousClock.now < deadline {
                pump()
                if mayHaveOutput { waitUntilWritable(until: deadline) }
            }
        }
        abandon()
    }
}

extension MQTTConnection {
    private var socket: Int32 { handle.map { mosquitto_socket($0.pointer) } ?? -1 }

    /// libmosquitto's handle while there is a usable connection.
    func openHandle() -> OpaquePointer? {
        guard context.phase != .closed, socket >= 0 else { return nil }
        return handle.map { $0.pointer }
    }

    /// Notes the end of the connection if a call to libmosquitto caused it. Some ends come with a callback; those of a
    /// TLS handshake and of some writes come only with a return code, and after a DISCONNECT there is neither.
    func noteEnd(code: Int32, systemCode: Int32) {
        guard code != MOSQ_ERR_SUCCESS.rawValue || socket < 0 else { return }
        end(code: code == MOSQ_ERR_SUCCESS.rawValue ? MOSQ_ERR_CONN_LOST.rawValue : code, systemCode: systemCode)
    }

    func end(code: Int32, systemCode: Int32) {
        let isHandshake = context.phase == .connecting && options.broker.tls != nil
        end(
            isHandshake
                ? .handshake(options.broker, log: context.log)
                : context.ended(.ended(options.broker, code: code, systemCode: systemCode)))
    }

    /// Closes the connection: its socket must not keep reporting its end to `poll`.
    func end(_ error: MQTTError) {
        wire = nil
        context.end(error)
    }

    /// Passes the broker's bytes to libmosquitto; false if there are none.
    private func feed() -> Bool {
        switch wire?.feed() ?? .blocked {
        case .moved:
            isDrained = false
            return true
        case .blocked:
            return false
        case .ended(let error):
            end(closed: error)
            return false
        }
    }

    /// Sends libmosquitto's output to the broker.
    func pump() {
        switch wire?.pump() ?? .moved {
        case .moved: mayHaveOutput = false
        case .blocked: break
        case .ended(let error):
            // Earlier packets, such as the reason for closing, must still be read.
            mayHaveOutput = false
            mayHoldMore = true
            writeError = error
        }
    }

    /// The broker's socket is no longer usable. During a TLS handshake OpenSSL's messages are more informative.
    private func end(closed error: MQTTError) {
        let isHandshake = context.phase == .connecting && options.broker.tls != nil
        end(
            isHandshake && error.code == .connectionLost
                ? .handshake(options.broker, log: context.log) : context.ended(error))
    }

    /// While connecting only CONNECT can be queued, so writing is safe in every mode. With TLS it cannot be sent before
    /// the handshake is done, which `read` drives.
    private func writeCONNECT() {
        if wantsWrite { writeOnce() }
    }

    /// Writes as much as the socket accepts without waiting.
    private func writeOnce() {
        guard let handle = openHandle() else { return }
        errno = 0
        let code = mosquitto_loop_write(handle, 1)
        noteEnd(code: code, systemCode: errno)
        mayHaveOutput = true
        pump()
    }

    @discardableResult
    private func flush(limitMilliseconds: Int) -> Bool {
        guard openHandle() != nil else { return false }
        let deadline = ContinuousClock.now + .milliseconds(limitMilliseconds)
        while true {
            writeOnce()
            if let writeError { end(closed: writeError) }
            guard openHandle() != nil else { return context.phase == .disconnecting }
            guard wantsWrite else { break }
            let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
            guard left > 0 else {
                end(
                    MQTTError(.timeout, "the broker at \(options.broker) accepted no bytes for \(limitMilliseconds) ms")
                )
                return false
            }
            waitUntilWritable(until: deadline)
        }
        context.unflushed = 0
        return true
    }

    private func waitUntilWritable(until deadline: ContinuousClock.Instant) {
        let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
        var descriptor = pollfd(fd: wire?.descriptor ?? -1, events: Int16(POLLOUT), revents: 0)
        _ = Glibc.poll(&descriptor, 1, Int32(max(0, left)) + 1)
    }
}
