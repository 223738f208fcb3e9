import CMosquitto
import Glibc

/// libmosquitto's text for one of its return codes.
func mosquittoText(_ code: Int32) -> String {
    String(cString: mosquitto_strerror(code))
}

extension MQTTError {
    /// Why `mosquitto_connect` failed. `systemCode` is errno right after the call, `log` what libmosquitto logged.
    static func connecting(
        to broker: BrokerAddress, code: Int32, systemCode: Int32, log: [String]
    ) -> MQTTError {
        switch code {
        case MOSQ_ERR_EAI.rawValue:
            // libmosquitto leaves getaddrinfo's code in errno.
            return MQTTError(
                .hostUnreachable, "cannot resolve the broker's host '\(broker.host)': check the name and DNS",
                underlying: String(cString: gai_strerror(systemCode)))
        case MOSQ_ERR_ERRNO.rawValue:
            return MQTTError(
                .hostUnreachable, "the broker at \(broker) could not be reached: check that it runs and listens there",
                underlying: errnoText(systemCode))
        case MOSQ_ERR_TLS.rawValue, MOSQ_ERR_TLS_HANDSHAKE.rawValue:
            return .handshake(broker, log: log)
        default:
            return MQTTError(
                .systemError, "cannot connect to the broker at \(broker)", underlying: mosquittoText(code))
        }
    }

    /// A failed handshake or unusable certificate file, with OpenSSL's message. A peer that disappears in the middle
    /// may be a restarting broker, so that is retriable.
    static func handshake(_ broker: BrokerAddress, log: [String]) -> MQTTError {
        if log.allSatisfy({ $0.contains("unexpected eof") }) {
            return MQTTError(
                .connectionLost,
                "the broker at \(broker) closed the connection during the TLS handshake: check that this port speaks TLS",
                underlying: log.first)
        }
        if log.contains(where: { $0.contains("wrong version number") }) {
            return MQTTError(
                .tlsFailure,
                "\(broker.host):\(broker.port) does not speak TLS: write mqtt://\(broker.host):\(broker.port), or another port",
                underlying: log.joined(separator: "; "))
        }
        if log.contains(where: { $0.contains("certificate verify failed") }) {
            return MQTTError(
                .tlsFailure,
                "no TLS connection to the broker at \(broker): no trusted authority has signed its certificate, or it names "
                    + "another host; the CA file is broker.ca_file",
                underlying: log.joined(separator: "; "))
        }
        return MQTTError(
            .tlsFailure,
            "no TLS connection to the broker at \(broker): check the CA file, that the certificate names this host, "
                + "the client certificate and key, and that this port speaks TLS",
            underlying: log.joined(separator: "; "))
    }

    /// The connection ended before the CONNACK. A TLS listener closes it in this way, or sends an alert, which is not
    /// MQTT.
    static func unanswered(by broker: BrokerAddress, _ error: MQTTError) -> MQTTError {
        switch error.code {
        case .connectionLost where broker.tls == nil && error.reasonCode == nil:
            MQTTError(
                .connectionLost,
                "\(broker) closed the connection before it answered: if this port speaks TLS, write \(broker.withTLS)",
                underlying: error.underlying)
        case .protocolViolation where broker.tls == nil:
            MQTTError(
                .protocolViolation,
                "\(broker) answered with something that is not MQTT: check the port; if it speaks TLS, write \(broker.withTLS)",
                underlying: error.underlying)
        default: error
        }
    }

    /// Why the broker refused CONNECT: an MQTT 5 reason code (3.2.2.2) or a 3.1.1 return code (3.2.2.3).
    static func refused(by broker: BrokerAddress, reason: Int32, version: MQTTVersion) -> MQTTError {
        let text: String
        let kind: Code
        switch version {
        case .v5:
            text = String(cString: mosquitto_reason_string(reason))
            kind =
                switch reason {
                case 0x85, 0x86, 0x87, 0x8A, 0x8C: .notAuthorized
                case 0x84: .unsupportedVersion
                case 0x88, 0x89, 0x8B, 0x97, 0x9F: .brokerUnavailable
                default: .connectionRefused
                }
        case .v311:
            text = String(cString: mosquitto_connack_string(reason))
            kind =
                switch reason {
                case 2, 4, 5: .notAuthorized
                case 1: .unsupportedVersion
                case 3: .brokerUnavailable
                default: .connectionRefused
                }
        }
        let message =
            switch kind {
            case .notAuthorized:
                "the broker at \(broker) refused access: check user name, password, client id and its ACLs"
            case .unsupportedVersion:
                "the broker at \(broker) does not speak MQTT \(version.rawValue): configure a version that it supports"
            case .brokerUnavailable: "the broker at \(broker) is not available now"
            default: "the broker at \(broker) refused the connection"
            }
        return MQTTError(kind, message, underlying: "\(text) (\(reason))")
    }

    /// Why an established connection ended, as reported by libmosquitto's disconnect callback or a loop function: its
    /// own codes are below 0x80, those of the broker's DISCONNECT (MQTT 5, 3.14.2.1) start at 0x80.
    static func ended(_ broker: BrokerAddress, code: Int32, systemCode: Int32) -> MQTTError {
        switch code {
        case 0x8E:
            return MQTTError(
                .sessionTakenOver,
                "another client connected to \(broker) with our client id: give each process its own",
                underlying: String(cString: mosquitto_reason_string(code)))
        case 0x87:
            return MQTTError(
                .notAuthorized, "the broker at \(broker) ended the connection: we are not authorized",
                underlying: String(cString: mosquitto_reason_string(code)), reasonCode: 0x87)
        case 0x80...:
            return MQTTError(
                .connectionLost, "the broker at \(broker) ended the connection",
                underlying: "\(String(cString: mosquitto_reason_string(code))) (\(code))",
                reasonCode: UInt8(truncatingIfNeeded: code))
        case MOSQ_ERR_KEEPALIVE.rawValue:
            return MQTTError(
                .timeout, "the broker at \(broker) did not answer a ping in time",
                underlying: mosquittoText(code))
        case MOSQ_ERR_PROTOCOL.rawValue, MOSQ_ERR_MALFORMED_PACKET.rawValue, MOSQ_ERR_MALFORMED_UTF8.rawValue,
            MOSQ_ERR_DUPLICATE_PROPERTY.rawValue:
            return MQTTError(
                .protocolViolation, "the broker at \(broker) sent something that is not MQTT as configured",
                underlying: mosquittoText(code))
        case MOSQ_ERR_ERRNO.rawValue:
            let isNetwork = [ETIMEDOUT, EHOSTUNREACH, EHOSTDOWN, ENETUNREACH, ENETDOWN, ENETRESET].contains(systemCode)
            return MQTTError(
                isNetwork ? .hostUnreachable : .connectionLost, "the connection to the broker at \(broker) broke",
                underlying: errnoText(systemCode))
        default:
            return MQTTError(
                .connectionLost, "the connection to the broker at \(broker) was lost", underlying: mosquittoText(code))
        }
    }

    /// Why libmosquitto rejected a publish or subscribe.
    static func sending(to topic: String, code: Int32, broker: BrokerAddress) -> MQTTError {
        switch code {
        case MOSQ_ERR_INVAL.rawValue, MOSQ_ERR_MALFORMED_UTF8.rawValue:
            return MQTTError(
                .invalidTopic,
                "'\(topic)' is not a valid MQTT topic: empty, a misplaced wildcard, or a control character",
                underlying: mosquittoText(code))
        case MOSQ_ERR_PAYLOAD_SIZE.rawValue, MOSQ_ERR_OVERSIZE_PACKET.rawValue:
            return MQTTError(
                .messageTooLarge, "a message to '\(topic)' is larger than the broker at \(broker) accepts",
                underlying: mosquittoText(code))
        case MOSQ_ERR_NO_CONN.rawValue:
            return .notConnected(broker)
        case MOSQ_ERR_QOS_NOT_SUPPORTED.rawValue:
            return MQTTError(
                .publishRefused, "the broker at \(broker) does not support QoS 1: enable it",
                underlying: mosquittoText(code))
        default:
            return MQTTError(
                .connectionLost, "the connection to the broker at \(broker) broke while sending to '\(topic)'",
                underlying: mosquittoText(code))
        }
    }

    /// What a PUBACK's reason code (MQTT 5, 3.4.2.1) means for the publisher.
    static func publishRefused(_ topic: String, _ reason: UInt8, _ broker: BrokerAddress) -> MQTTError {
        let text = String(cString: mosquitto_reason_string(Int32(reason)))
        return MQTTError(
            .publishRefused,
            "the broker at \(broker) refused the message to '\(topic)' (\(text.lowercased())): check its ACLs and limits",
            underlying: "\(text) (\(reason))")
    }

    /// What a SUBACK's reason code (MQTT 5, 3.9.3) of 0x80 or more means.
    static func subscribeRefused(_ filters: [String], reason: Int, _ broker: BrokerAddress) -> MQTTError {
        let text = String(cString: mosquitto_reason_string(Int32(reason)))
        return MQTTError(
            .subscribeRefused,
            "the broker at \(broker) denied the subscription to \(filters.joined(separator: ", ")): check its ACLs",
            underlying: "\(text) (\(reason))")
    }

    static func notConnected(_ broker: BrokerAddress) -> MQTTError {
        MQTTError(.notConnected, "not connected to the broker at \(broker): connect and wait for the CONNACK first")
    }
}
