import CMosquitto
import Glibc

/// Owns a list of MQTT 5 properties that libmosquitto copies from.
struct PropertyList: ~Copyable {
    /// nil while empty.
    private(set) var head: OpaquePointer?

    init() {}

    init(_ properties: PublishProperties) throws(MQTTError) {
        if let contentType = properties.contentType { try add(MQTT_PROP_CONTENT_TYPE, contentType) }
        if let topic = properties.responseTopic { try add(MQTT_PROP_RESPONSE_TOPIC, topic) }
        if let data = properties.correlationData { try add(MQTT_PROP_CORRELATION_DATA, data) }
        for (name, value) in properties.userProperties {
            try Self.check(name)
            try Self.check(value)
            try Self.check(
                mosquitto_property_add_string_pair(&head, MQTT_PROP_USER_PROPERTY.identifier, name, value), "\(name)")
        }
    }

    deinit {
        var list = head
        mosquitto_property_free_all(&list)
    }

    mutating func add(_ property: mqtt5_property, _ value: UInt32) throws(MQTTError) {
        try Self.check(mosquitto_property_add_int32(&head, property.identifier, value), "\(property.identifier)")
    }

    private mutating func add(_ property: mqtt5_property, _ value: String) throws(MQTTError) {
        try Self.check(value)
        try Self.check(mosquitto_property_add_string(&head, property.identifier, value), value)
    }

    private mutating func add(_ property: mqtt5_property, _ value: [UInt8]) throws(MQTTError) {
        guard let count = UInt16(exactly: value.count) else {
            throw MQTTError(.messageTooLarge, "MQTT correlation data of \(value.count) bytes: the limit is 65535")
        }
        try Self.check(mosquitto_property_add_binary(&head, property.identifier, value, count), "correlation data")
    }

    /// libmosquitto would cut at a NUL and wrap a longer length.
    private static func check(_ text: String) throws(MQTTError) {
        guard text.utf8.count <= UInt16.max, !text.containsNUL else {
            throw MQTTError(
                .messageTooLarge,
                "an MQTT property of \(text.utf8.count) bytes: at most 65535 bytes without NUL are allowed")
        }
    }

    private static func check(_ code: Int32, _ what: String) throws(MQTTError) {
        guard code != MOSQ_ERR_SUCCESS.rawValue else { return }
        throw MQTTError(
            .invalidOption,
            "the MQTT property '\(what)' cannot be sent: it must be UTF-8 text without control characters",
            underlying: mosquittoText(code))
    }
}

extension mqtt5_property {
    var identifier: Int32 { Int32(rawValue) }
}

extension ReceivedMessage {
    /// Copies the properties that this runtime uses from a list that libmosquitto owns; skips others.
    mutating func copyProperties(from list: OpaquePointer?) {
        var next = list
        // Reading by position keeps this linear; libmosquitto's own search by identifier restarts each time.
        while let property = next {
            switch mosquitto_property_identifier(property) {
            case MQTT_PROP_CONTENT_TYPE.identifier:
                contentType = Self.string(property, MQTT_PROP_CONTENT_TYPE)
            case MQTT_PROP_RESPONSE_TOPIC.identifier:
                responseTopic = Self.string(property, MQTT_PROP_RESPONSE_TOPIC)
            case MQTT_PROP_CORRELATION_DATA.identifier:
                correlationData = Self.bytes(property, MQTT_PROP_CORRELATION_DATA)
            case MQTT_PROP_USER_PROPERTY.identifier:
                if let pair = Self.pair(property) { userProperties.append(pair) }
            default:
                break  // Payload format, expiry, topic alias, subscription id: not used here.
            }
            next = mosquitto_property_next(property)
        }
    }

    private static func string(_ property: OpaquePointer, _ identifier: mqtt5_property) -> String? {
        var value: UnsafeMutablePointer<CChar>?
        defer { free(value) }
        mosquitto_property_read_string(property, identifier.identifier, &value, false)
        return value.map { String(cString: $0) }
    }

    private static func bytes(_ property: OpaquePointer, _ identifier: mqtt5_property) -> [UInt8]? {
        var value: UnsafeMutableRawPointer?
        var count: UInt16 = 0
        defer { free(value) }
        mosquitto_property_read_binary(property, identifier.identifier, &value, &count, false)
        return value.map { [UInt8](UnsafeRawBufferPointer(start: $0, count: Int(count))) }
    }

    private static func pair(_ property: OpaquePointer) -> (String, String)? {
        var name: UnsafeMutablePointer<CChar>?
        var value: UnsafeMutablePointer<CChar>?
        defer {
            free(name)
            free(value)
        }
        mosquitto_property_read_string_pair(property, MQTT_PROP_USER_PROPERTY.identifier, &name, &value, false)
        guard let name, let value else { return nil }
        return (String(cString: name), String(cString: value))
    }
}

extension String {
    /// C would end the text there.
    var containsNUL: Bool {
        var text = self
        return text.withUTF8 { bytes in
            bytes.baseAddress.map { memchr($0, 0, bytes.count) != nil } ?? false
        }
    }
}
