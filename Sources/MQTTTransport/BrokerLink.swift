import Threads

/// A connection that is made again, after growing pauses, whenever it has ended. Owned by one thread, which repeats:
/// `connect` while the link is not open, `poll`, `connection.read`, `note` for each event, `keepAlive`, and
/// `connection.flush` where acknowledgements wait for it.
///
/// The link itself sends nothing but CONNECT and, in `keepAlive`, signs of life. Reading, publishing and acknowledging are
/// the owner's calls on `connection`, in the order that its promises need.
package final class BrokerLink {
    package let connection: MQTTConnection
    private let wake: WakeHandle
    private let beat: ThreadBeat?
    private let mayConnect: @Sendable () -> Bool
    private var backoff = Backoff()
    private var isSilent = false

    /// Longest wait for the broker in one round.
    package static let pollMilliseconds = 1_000
    /// A working broker breaks its silence after `keepAlive` has asked it for a sign of life, at ten seconds; it has this
    /// long to do so before its silence is reported.
    private static let silenceLimit = Duration.seconds(15)

    /// - Parameters:
    ///   - wake: ends `poll` from another thread.
    ///   - beat: of the owning thread; told before an attempt to connect, which takes as long as the kernel tries.
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
    /// connection before.
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
    ///   - milliseconds: without it, `pollMilliseconds` or, while the link is not open, until the next attempt is due.
    ///   - reading: as in `MQTTConnection.poll`.
    /// - Returns: whether there is something to read, be it the end of the connection.
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

    /// What to report about a broker that sends nothing; nil where there is nothing to report.
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

    /// Takes an event of `connection.read` into account.
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

    /// Ends a connection that is of no use, as `MQTTConnection.abandon`: not a byte leaves any more.
    package func abandon(_ error: MQTTError) -> BrokerLoss {
        connection.abandon()
        return lost(error)
    }

    private func lost(_ error: MQTTError?) -> BrokerLoss {
        isSilent = false
        return BrokerLoss(error: error, isWorthLogging: backoff.failed())
    }
}
