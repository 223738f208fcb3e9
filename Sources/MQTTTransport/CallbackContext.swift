import CMosquitto
import Glibc

/// The target of libmosquitto's callbacks. They run inside `mosquitto_loop_read`, `_write` and `_misc`, and so on the
/// connection's own thread; they copy and append, nothing more.
final class CallbackContext {
    enum Phase {
        /// No usable socket.
        case closed
        /// CONNECT is queued or sent; no CONNACK yet.
        case connecting
        case connected
        /// We requested the end: the next disconnect is not an error.
        case disconnecting
    }

    let broker: BrokerAddress
    let version: MQTTVersion
    var phase = Phase.closed
    var inbox = Inbox()
    /// Payload and topic bytes in `inbox.messages`.
    var inboxBytes = 0
    /// Counts every callback, so that a reader can tell a packet from an empty socket.
    var callbackCount = 0
    /// Counts the connections.
    private(set) var connection = 0
    /// QoS 1 messages read since the last complete flush: their PUBACKs are queued.
    var unflushed = 0
    /// From the CONNACK; 65535 if it names none.
    var brokerReceiveMaximum = Int(UInt16.max)
    /// Errors and warnings that libmosquitto logged while connecting; contains OpenSSL's messages.
    private(set) var log: [String] = []

    /// Maximum log lines kept; the first ones contain the cause.
    private static let logLimit = 8

    init(broker: BrokerAddress, version: MQTTVersion) {
        self.broker = broker
        self.version = version
    }

    /// Forgets the previous connection, except for data that the caller has not read yet.
    func beginConnecting() {
        phase = .connecting
        connection += 1
        unflushed = 0
        brokerReceiveMaximum = Int(UInt16.max)
        log = []
    }

    /// The error, with advice if the broker has not answered yet.
    func ended(_ error: MQTTError) -> MQTTError { phase == .connecting ? .unanswered(by: broker, error) : error }

    /// Notes the end of the connection once, wherever it is noticed first.
    func end(_ error: MQTTError?) {
        guard phase != .closed else { return }
        phase = .closed
        inbox.events.append(.disconnected(error))
    }

    fileprivate static func from(_ pointer: UnsafeMutableRawPointer?) -> CallbackContext? {
        pointer.map { Unmanaged<CallbackContext>.fromOpaque($0).takeUnretainedValue() }
    }

    fileprivate func onConnect(reason: Int32, flags: Int32, properties: OpaquePointer?) {
        guard reason == 0 else {
            phase = .closed
            inbox.events.append(.connectionRefused(.refused(by: broker, reason: reason, version: version)))
            return
        }
        var maximum: UInt16 = 0
        if mosquitto_property_read_int16(properties, MQTT_PROP_RECEIVE_MAXIMUM.identifier, &maximum, false) != nil {
            brokerReceiveMaximum = Int(maximum)
        }
        phase = .connected
        inbox.events.append(.connected(sessionPresent: flags & 1 == 1))
    }

    fileprivate func onDisconnect(reason: Int32, systemCode: Int32) {
        let isAsked = phase == .disconnecting
        end(isAsked ? nil : ended(.ended(broker, code: reason, systemCode: systemCode)))
    }

    fileprivate func onMessage(_ message: mosquitto_message, properties: OpaquePointer?) {
        guard let topic = message.topic else { return }
        let payload = UnsafeRawBufferPointer(start: message.payload, count: Int(message.payloadlen))
        var received = ReceivedMessage(
            topic: String(cString: topic), payload: [UInt8](payload), qos: Int(message.qos), isRetained: message.retain)
        if properties != nil { received.copyProperties(from: properties) }
        inboxBytes += received.payload.count + received.topic.utf8.count
        received.packetIdentifier = UInt16(truncatingIfNeeded: message.mid)
        received.connection = connection
        if message.qos > 0 { unflushed += 1 }
        inbox.messages.append(received)
    }

    fileprivate func onLog(level: Int32, text: String) {
        guard level & Int32(MOSQ_LOG_ERR | MOSQ_LOG_WARNING) != 0, log.count < Self.logLimit else { return }
        log.append(text)
    }

    /// Registers every callback with `handle`, whose user data must be this object.
    static func register(with handle: OpaquePointer) {
        mosquitto_connect_v5_callback_set(handle) { _, context, reason, flags, properties in
            guard let context = CallbackContext.from(context) else { return }
            context.callbackCount += 1
            context.onConnect(reason: reason, flags: flags, properties: properties)
        }
        mosquitto_disconnect_v5_callback_set(handle) { _, context, reason, _ in
            let systemCode = errno
            guard let context = CallbackContext.from(context) else { return }
            context.callbackCount += 1
            context.onDisconnect(reason: reason, systemCode: systemCode)
        }
        mosquitto_message_v5_callback_set(handle) { _, context, message, properties in
            guard let context = CallbackContext.from(context), let message else { return }
            context.callbackCount += 1
            context.onMessage(message.pointee, properties: properties)
        }
        mosquitto_publish_v5_callback_set(handle) { _, context, messageID, reason, _ in
            guard let context = CallbackContext.from(context) else { return }
            context.callbackCount += 1
            context.inbox.events.append(
                .publishAcknowledged(messageID: messageID, reasonCode: UInt8(truncatingIfNeeded: reason)))
        }
        mosquitto_subscribe_v5_callback_set(handle) { _, context, messageID, count, granted, _ in
            guard let context = CallbackContext.from(context) else { return }
            context.callbackCount += 1
            let grants = UnsafeBufferPointer(start: granted, count: Int(count)).map { Int($0) }
            context.inbox.events.append(.subscribed(messageID: messageID, grantedQoS: grants))
        }
        setLogging(true, for: handle)
    }

    /// Enabled only while connecting: with a log callback libmosquitto formats a line for each packet.
    static func setLogging(_ isOn: Bool, for handle: OpaquePointer) {
        guard isOn else { return mosquitto_log_callback_set(handle, nil) }
        mosquitto_log_callback_set(handle) { _, context, level, text in
            guard let context = CallbackContext.from(context), let text else { return }
            context.onLog(level: level, text: String(cString: text))
        }
    }
}
