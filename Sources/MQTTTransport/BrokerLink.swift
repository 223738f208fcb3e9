import Threads

/// A connection that is re-established, after growing pauses, whenever it ends. Owned by one thread, which repeats:
/// `connect` while the link is not open, `poll`, `connection.read`, `note` for each event, `keepAlive`, and
/// `connection.flush` if acknowledgements wait for it.
///
/// The link itself sends only CONNECT and, in `keepAlive`, signs of life. The owner reads, publishes and acknowledges
/// through `connection`, in the order that its guarantees require.
package final class BrokerLink {
    package let connection: MQTTConnection
    private let wake: WakeHandle
    private let beat: ThreadBeat?
    private let mayConnect: @Sendable () -> Bool
    private var backoff = Backoff()
    private var isSilent = false

    /// Longest wait for the broker in one round.
    package static let pollMilliseconds = 1_000
    /// A working broker breaks its silence after `keepAlive` has probed it, at ten seconds; it has this long before its
    /// silence is reported.
    private static let silenceLimit = Duration.seconds(15)

    /// - Parameters:
    ///   - wake: ends `poll` from another thread.
    ///   - beat: of the owning thread; notified before an attempt to connect, which takes as long as the kernel tries.
    ///   - mayConnect: whether this process may be connected under that client id. While it may not, a connection that is open is
    ///     dropped, without another byte, and no attempt is made: another process may be connected under it.
    /// - Throws: as `MQTTConnection.init`.
    package init(
        _ options: MQTTOptions, wake: WakeHandle, beat: ThreadBeat? = nil,
        mayConnect: @escaping @Sendable () -> Bool = { true }
    ) throws(MQTTError) {
        connection = try MQTTConnection(options)
        self.wake = wake
        self.beat = beat
        self.mayConnect = mayConnect
    }

    /// Whether there is a connection or an attempt at one.
    package var isOpen: Bool { connection.isOpen }

    /// Whether the broker has accepted the connection and it has not ended since.
    package var isConnected: Bool { connection.isConnected }

    /// Milliseconds until the next attempt to connect is due.
    package var retryMilliseconds: Int {
        mayConnect() ? backoff.remainingMilliseconds : max(Self.standbyMilliseconds, backoff.remainingMilliseconds)
    }

    /// Starts an attempt to connect, if one is due. Call it while the link is not open, after the last `read` of the
    /// previous connection.
    package func connect() -> BrokerLoss? {
        guard backoff.remainingMilliseconds == 0, mayConnect() else { return nil }
        beat?.turn(allowing: BeatLimits.connecting)
        do {
            try connection.connect()
            return nil
        } catch {
            return lost(error)
        }
    }

    /// Waits for the broker, for `wake`, or for the time.
    /// - Parameters:
    ///   - milliseconds: default: `pollMilliseconds`, or the time until the next attempt while the link is not open.
    ///   - reading: as in `MQTTConnection.poll`.
    /// - Returns: whether there is something to read, or the connection has ended.
    package func poll(milliseconds: Int? = nil, reading: Bool = true) -> Bool {
        dropIfForbidden()
        let usual = isOpen ? Self.pollMilliseconds : retryMilliseconds
        let polled = connection.poll(timeoutMilliseconds: milliseconds ?? usual, wake: wake, reading: reading)
        return polled.isReadable || polled.hasEnded
    }

    /// How often it is looked whether a connection may be made.
    private static let standbyMilliseconds = 50

    private func dropIfForbidden() {
        if isOpen, !mayConnect() {
            connection.abandon()
            isSilent = false
        }
    }

    /// Keeps the session alive and ends a connection whose broker does not answer; as `MQTTConnection.keepAlive`.
    package func keepAlive(reading: Bool = true) {
        if isOpen { connection.keepAlive(reading: reading) }
    }

    /// The report about a broker that sends nothing; nil if there is nothing to report.
    package func silence() -> BrokerSilenceNews? {
        let silence = connection.silence
        if silence >= Self.silenceLimit {
            isSilent = true
            return .silent("the broker has sent nothing for \(silence.components.seconds) s, not even an answer")
        }
        guard isSilent else { return nil }
        isSilent = false
        return .ended
    }

    /// Processes an event of `connection.read`.
    package func note(_ event: MQTTEvent) -> BrokerNews {
        switch event {
        case .connected(let sessionPresent):
            backoff.succeeded()
            return .connected(sessionPresent: sessionPresent)
        case .connectionRefused(let error):
            return .lost(lost(error))
        case .disconnected(let error):
            return .lost(lost(error))
        case .subscribed(_, let granted):
            return .subscribed(isGranted: !granted.contains(where: ReasonCode.isFailure))
        case .publishAcknowledged(let messageID, let reasonCode):
            return .acknowledged(
                messageID: messageID, refusal: ReasonCode.isFailure(reasonCode) ? reasonCode : nil)
        }
    }

    /// Ends a useless connection, as `MQTTConnection.abandon`: nothing more is sent.
    package func abandon(_ error: MQTTError) -> BrokerLoss {
        connection.abandon()
        return lost(error)
    }

    private func lost(_ error: MQTTError?) -> BrokerLoss {
        isSilent = false
        return BrokerLoss(error: error, isWorthLogging: backoff.failed())
    }
}
