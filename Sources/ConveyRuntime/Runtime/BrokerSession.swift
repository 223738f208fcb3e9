import MQTTTransport
import Threads

/// What both connections to the broker need to know.
public struct BrokerSession: Sendable {
    public var broker: BrokerAddress
    public var version: MQTTVersion
    /// Identifies the persistent session; the publishing connection adds `-out`.
    public var clientID: String
    /// How long the broker keeps the session, and with it what it has not delivered, while Convey is away.
    public var sessionExpirySeconds: UInt32
    /// First levels of every topic.
    public var root: String
    /// Names this process in `{root}/status/{node}`.
    public var node: String

    public init(
        broker: BrokerAddress, version: MQTTVersion, clientID: String, sessionExpirySeconds: UInt32, root: String,
        node: String
    ) {
        self.broker = broker
        self.version = version
        self.clientID = clientID
        self.sessionExpirySeconds = sessionExpirySeconds
        self.root = root
        self.node = node
    }
}

extension BrokerSession {
    /// A sound broker breaks its silence after `MQTTConnection` has asked it for a sign of life, at ten seconds; it has this
    /// long to do so before the service is not ready any more.
    private static let silenceLimit = Duration.seconds(15)

    /// What is said of a broker that is silent for too long; nil for one that is not.
    static func words(ofSilence silence: Duration) -> String? {
        guard silence >= silenceLimit else { return nil }
        return "the broker has sent nothing for \(silence.components.seconds) s, not even an answer"
    }
}

/// Waits between attempts to connect: longer each time, up to a limit.
struct Backoff {
    private static let first: Int64 = 100_000
    private static let last: Int64 = 5_000_000
    /// A connection that stays away is worth a line now and then, not one a try.
    private static let silence: Int64 = 60_000_000
    private var delay = Backoff.first
    private var notBefore: Int64 = 0
    private var quietUntil: Int64 = 0

    /// Milliseconds until the next attempt is due; 0 when it is.
    var remainingMilliseconds: Int {
        Int(max(0, (notBefore - Clocks.monotonicMicroseconds() + 999) / 1_000))
    }

    /// - Returns: whether to tell of it: the first time, and then once a minute.
    mutating func failed() -> Bool {
        let now = Clocks.monotonicMicroseconds()
        notBefore = now + delay
        delay = min(delay * 2, Self.last)
        guard now >= quietUntil else { return false }
        quietUntil = now + Self.silence
        return true
    }

    mutating func succeeded() {
        delay = Self.first
        notBefore = 0
        quietUntil = 0
    }
}
