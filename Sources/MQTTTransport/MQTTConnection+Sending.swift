import CMosquitto
import Glibc

/// Subscribing and publishing.
extension MQTTConnection {
    /// Sends SUBSCRIBE at QoS 1 for all filters; the SUBACK is an event with the returned message id.
    ///
    /// - Parameter retained: which retained messages the broker sends now. An MQTT 3.1.1 broker sends them all.
    /// - Throws: `notConnected`, `invalidTopic`, `messageTooLarge`, `connectionLost`.
    public func subscribe(
        _ filters: [String], retained: RetainHandling = .whenNew
    ) throws(MQTTError) -> Int32 {
        guard context.phase == .connected, let handle = openHandle() else { throw .notConnected(options.broker) }
        for filter in filters where filter.utf8.contains(0) {
            throw .sending(to: filter, code: MOSQ_ERR_INVAL.rawValue, broker: options.broker)
        }
        var messageID: Int32 = 0
        var strings: [UnsafeMutablePointer<CChar>?] = filters.map { strdup($0) }
        defer { strings.forEach { free($0) } }
        let code = mosquitto_subscribe_multiple(
            handle, &messageID, Int32(filters.count), &strings, 1, subscribeOptions(retained), nil)
        guard code == MOSQ_ERR_SUCCESS.rawValue else {
            throw .sending(to: filters.joined(separator: ", "), code: code, broker: options.broker)
        }
        mayHaveOutput = true
        pump()
        return messageID
    }

    /// Publishes; for QoS 1 the PUBACK is an event with the returned message id. Ids are unique among those in flight.
    /// With `.immediate` the bytes go to the socket at once, as far as it accepts them and the window allows.
    ///
    /// - Throws: `notConnected`, `invalidTopic`, `invalidOption`, `messageTooLarge`: nothing was sent.
    /// `connectionLost`: it may have been sent; the connection has ended, so publish again on the next one.
    public func publish(
        topic: String, payload: [UInt8], qos: Int = 1, retain: Bool = false, properties: PublishProperties = .init()
    ) throws(MQTTError) -> Int32 {
        guard context.phase == .connected, let handle = openHandle() else { throw .notConnected(options.broker) }
        guard !topic.containsNUL, topic.utf8.count <= UInt16.max, qos == 0 || qos == 1 else {
            throw .sending(to: topic, code: MOSQ_ERR_INVAL.rawValue, broker: options.broker)
        }
        guard let count = Int32(exactly: payload.count) else {
            throw .sending(to: topic, code: MOSQ_ERR_PAYLOAD_SIZE.rawValue, broker: options.broker)
        }
        if options.version == .v5, properties != preparedFrom {
            prepared = try PropertyList(properties)
            preparedFrom = properties
        }
        var messageID: Int32 = 0
        errno = 0
        let code = mosquitto_publish_v5(handle, &messageID, topic, count, payload, Int32(qos), retain, prepared.head)
        let systemCode = errno
        guard code == MOSQ_ERR_SUCCESS.rawValue else {
            let error = MQTTError.sending(to: topic, code: code, broker: options.broker)
            // The library has queued the message anyway and cannot remove it: only a new connection can.
            if error.code == .connectionLost || error.code == .notConnected { end(code: code, systemCode: systemCode) }
            throw error
        }
        mayHaveOutput = true
        if !isGathering { pump() }
        return messageID
    }

    /// Delays the output of `publish` until `gather(false)`, so that a burst of packets needs few system calls:
    /// libmosquitto writes each packet separately.
    public func gather(_ isOn: Bool) {
        isGathering = isOn
        if !isOn, mayHaveOutput { pump() }
    }

    /// The number of packets from which `gather` pays off.
    public static let gatheringThreshold = 4

    private func subscribeOptions(_ retained: RetainHandling) -> Int32 {
        switch (options.version, retained) {
        case (.v5, .whenNew): Int32(MQTT_SUB_OPT_SEND_RETAIN_NEW.rawValue)
        case (.v5, .never): Int32(MQTT_SUB_OPT_SEND_RETAIN_NEVER.rawValue)
        case (.v311, _): 0
        }
    }
}
