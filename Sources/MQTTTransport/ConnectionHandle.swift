import CMosquitto
import Glibc

/// Runs `mosquitto_lib_init` once; it is not thread-safe, a static's initialiser is.
private enum Library {
    static let initCode: Int32 = mosquitto_lib_init()
}

/// Owns one `struct mosquitto`: created for one connection attempt and never reused. So nothing queued, in flight or
/// negotiated (windows, keep-alive) on an earlier connection can affect the next one.
final class ConnectionHandle {
    let pointer: OpaquePointer

    /// Closes the socket without writing queued packets, and frees everything. With TLS a close alert may be sent.
    deinit { mosquitto_destroy(pointer) }

    /// A configured handle without a connection. `context` must outlive it.
    ///
    /// mosquitto_new also ignores SIGPIPE for the process, so that a broken connection is an error and does not end the
    /// process.
    init(_ options: MQTTOptions, context: CallbackContext) throws(MQTTError) {
        try options.validate()
        guard Library.initCode == MOSQ_ERR_SUCCESS.rawValue else {
            throw MQTTError(
                .systemError, "libmosquitto cannot be initialised", underlying: mosquittoText(Library.initCode))
        }
        let id = options.clientID.isEmpty ? nil : options.clientID
        let made = mosquitto_new(id, options.cleanStart, Unmanaged.passUnretained(context).toOpaque())
        guard let made else {
            throw MQTTError(
                .systemError, "libmosquitto cannot create a client for the id '\(options.clientID)'",
                underlying: errnoText())
        }
        pointer = made
        CallbackContext.register(with: pointer)
        try setOptions(options)
        try setCredentials(options.broker)
        if let tls = options.broker.tls { try setTLS(tls, broker: options.broker) }
        if let will = options.will { try setWill(will, version: options.version) }
    }

    private func setOptions(_ options: MQTTOptions) throws(MQTTError) {
        let version =
            switch options.version {
            case .v5: MQTT_PROTOCOL_V5
            case .v311: MQTT_PROTOCOL_V311
            }
        try set(MOSQ_OPT_PROTOCOL_VERSION, Int(version))
        try set(MOSQ_OPT_RECEIVE_MAXIMUM, Int(options.receiveMaximum))
        try set(MOSQ_OPT_SEND_MAXIMUM, Int(options.outgoingWindow))
        // Without it a lone PUBLISH or PUBACK can wait 40 ms for the broker's delayed TCP acknowledgement. It costs 2 to 5
        // microseconds of CPU per message; TCP_CORK around a batch of PUBACKs gave none of them back.
        try set(MOSQ_OPT_TCP_NODELAY, 1)
        switch options.acknowledgement {
        case .whenFlushed:
            // libmosquitto then only queues packets and leaves writing to mosquitto_loop_write.
            try check(mosquitto_threaded_set(pointer, true), "threaded mode")
        case .explicit, .immediate:
            break
        }
    }

    private func set(_ option: mosq_opt_t, _ value: Int) throws(MQTTError) {
        try check(mosquitto_int_option(pointer, option, Int32(value)), "option \(option.rawValue) = \(value)")
    }

    private func setCredentials(_ broker: BrokerAddress) throws(MQTTError) {
        guard let username = broker.username else { return }
        try check(mosquitto_username_pw_set(pointer, username, broker.password), "user name '\(username)'")
    }

    private func setWill(_ will: MQTTWill, version: MQTTVersion) throws(MQTTError) {
        let code = mosquitto_will_set_v5(
            pointer, will.topic, Int32(will.payload.count), will.payload, 1, will.retain, nil)
        try check(code, "last will to '\(will.topic)'")
    }

    private func setTLS(_ tls: BrokerAddress.TLS, broker: BrokerAddress) throws(MQTTError) {
        for (file, what) in [
            (tls.caFile, "CA file"), (tls.certificateFile, "client certificate"), (tls.keyFile, "client key"),
        ] {
            guard let file, access(file, R_OK) != 0 else { continue }
            throw MQTTError(.tlsFailure, "cannot read the \(what) '\(file)' for \(broker)", underlying: errnoText())
        }
        guard (tls.certificateFile == nil) == (tls.keyFile == nil) else {
            throw MQTTError(
                .invalidOption, "a client certificate for \(broker) needs its key, and a key its certificate")
        }
        if tls.caFile == nil {
            try set(MOSQ_OPT_TLS_USE_OS_CERTS, 1)
        }
        if tls.caFile != nil || tls.certificateFile != nil {
            // mosquitto_tls_set requires an authority even to set only a client certificate.
            let systemAuthorities = tls.caFile == nil ? "/etc/ssl/certs" : nil
            let code = mosquitto_tls_set(
                pointer, tls.caFile, systemAuthorities, tls.certificateFile, tls.keyFile
            ) { _, _, _, _ in 0 }  // No password: an encrypted key is an error, not a terminal prompt.
            try check(code, "TLS files")
        }
        if !tls.verifyHostname { try check(mosquitto_tls_insecure_set(pointer, true), "TLS without host name check") }
    }

    private func check(_ code: Int32, _ what: String) throws(MQTTError) {
        guard code != MOSQ_ERR_SUCCESS.rawValue else { return }
        throw MQTTError(
            .invalidOption, "libmosquitto rejects this setting: \(what)", underlying: mosquittoText(code))
    }
}
