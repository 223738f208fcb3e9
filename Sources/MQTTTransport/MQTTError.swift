/// An error between this process and the MQTT broker.
public struct MQTTError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure; stable, for programs to switch over.
    public enum Code: String, Sendable {
        case invalidURL = "invalid_url"
        case invalidOption = "invalid_option"
        case invalidTopic = "invalid_topic"
        /// The broker does not accept the user name, password, certificate or client id.
        case notAuthorized = "not_authorized"
        /// The broker does not speak the configured MQTT version.
        case unsupportedVersion = "unsupported_version"
        /// The broker answered CONNECT with another permanent refusal.
        case connectionRefused = "connection_refused"
        /// The broker answered that it is busy, shutting down or unavailable.
        case brokerUnavailable = "broker_unavailable"
        /// No TCP connection: the name does not resolve, nothing listens there, or no route.
        case hostUnreachable = "host_unreachable"
        case tlsFailure = "tls_failure"
        case notConnected = "not_connected"
        case connectionLost = "connection_lost"
        /// Another client connected with the same client id (MQTT 5, reason 0x8E).
        case sessionTakenOver = "session_taken_over"
        case publishRefused = "publish_refused"
        /// The broker accepted a message that requires a subscriber, but there is none (MQTT 5, reason 0x10).
        case noSubscriber = "no_subscriber"
        case subscribeRefused = "subscribe_refused"
        case messageTooLarge = "message_too_large"
        case protocolViolation = "protocol_violation"
        /// A bounded queue is full: slow down.
        case queueFull = "queue_full"
        case timeout = "timeout"
        /// The client was stopped.
        case stopped = "stopped"
        case systemError = "system_error"
    }

    public let code: Code
    /// For people: what happened, where, and what to do. Never contains a password.
    public let message: String
    /// The message of libmosquitto, OpenSSL or the operating system, if there is one.
    public let underlying: String?
    /// The MQTT 5 reason code (2.4) with which the broker refused a message or ended the connection, if it gave one.
    public let reasonCode: UInt8?

    /// Creates an error; `message` must not contain a secret.
    public init(_ code: Code, _ message: String, underlying: String? = nil, reasonCode: UInt8? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
        self.reasonCode = reasonCode
    }

    /// Whether a sent message may have caused the broker to close the connection: the broker closed it without a reason
    /// of its own. A lost network and an unanswered ping are `timeout` or `hostUnreachable`.
    public var mayComeFromMessage: Bool {
        switch code {
        case .connectionLost, .notAuthorized: reasonCode.map { !Self.brokersOwnReasons.contains($0) } ?? true
        default: false
        }
    }

    /// Server busy, shutting down, keep alive timeout, session taken over, receive maximum and rates exceeded, quota,
    /// administrative action, use another server, moved, connection rate, maximum connect time (MQTT 5, 3.14.2.1).
    private static let brokersOwnReasons: Set<UInt8> = [
        0x89, 0x8B, 0x8D, 0x8E, 0x93, 0x96, 0x97, 0x98, 0x9C, 0x9D, 0x9F, 0xA0,
    ]

    /// Whether the same call can succeed later without a configuration change.
    public var isRetriable: Bool {
        switch code {
        case .brokerUnavailable, .hostUnreachable, .notConnected, .connectionLost, .queueFull, .timeout,
            .noSubscriber, .protocolViolation, .systemError:
            true
        case .invalidURL, .invalidOption, .invalidTopic, .notAuthorized, .unsupportedVersion, .connectionRefused,
            .tlsFailure, .sessionTakenOver, .publishRefused, .subscribeRefused, .messageTooLarge,
            .stopped:
            false
        }
    }

    /// The message, with the operating system's text if that adds information. Library texts are left to `description`,
    /// for logs.
    public var forPeople: String {
        guard code == .hostUnreachable, let underlying else { return message }
        return "\(message) (\(underlying.lowercased()))"
    }

    public var description: String {
        if let underlying { "\(message) (\(underlying))" } else { message }
    }
}
