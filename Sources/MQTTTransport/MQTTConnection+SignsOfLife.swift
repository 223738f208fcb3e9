import CMosquitto
import Glibc

/// Keeps the session alive, and judges a silent broker.
extension MQTTConnection {
    /// Probes a silent broker, and ends a connection whose broker does not answer the probe or CONNECT. Call it often
    /// (once per second is enough), before `flush()`.
    ///
    /// - Parameter reading: as in `poll`. While nothing is read, the broker is not judged, and is sent a packet from
    ///   time to time so that it does not close the connection.
    public func keepAlive(reading: Bool = true) {
        guard let handle = openHandle() else { return }
        if context.phase == .connecting, connectDeadline < .now {
            end(
                MQTTError(
                    .timeout,
                    "the broker at \(options.broker) did not answer within \(options.connectTimeoutSeconds) s: check that "
                        + "this port speaks MQTT\(options.broker.tls == nil ? " without TLS" : " over TLS")"))
            return
        }
        guard reading || context.phase != .connected else { return keepSession(handle) }
        errno = 0
        let code = mosquitto_loop_misc(handle)
        noteEnd(code: code, systemCode: errno)
        mayHaveOutput = true
        pump()
        guard context.phase == .connected, let handle = openHandle() else { return }
        if brokerSilence.isTooLong {
            end(
                MQTTError(
                    .timeout,
                    "the broker at \(options.broker) has sent nothing for \(brokerSilence.duration.components.seconds) s, "
                        + "not even an answer to a probe"))
        } else if brokerSilence.isTimeToAsk() {
            askForSign(handle)
        }
    }

    private func keepSession(_ handle: OpaquePointer) {
        // The broker allows one and a half intervals.
        guard options.keepAliveSeconds > 0, SuspendingClock.now - keptAt >= .seconds(options.keepAliveSeconds) / 2
        else {
            return
        }
        keptAt = .now
        askForSign(handle)
    }

    /// Sends a packet that every broker answers: it ends a subscription that does not exist (MQTT 5, 3.10.4).
    ///
    /// Not a PINGREQ: libmosquitto sends those only at its keep-alive interval. With a short interval the broker would
    /// close the connection of a thread that waits for a slow disk, and libmosquitto that of a thread that deliberately
    /// does not read.
    private func askForSign(_ handle: OpaquePointer) {
        errno = 0
        let code = mosquitto_unsubscribe(handle, nil, "convey/sign-of-life")
        noteEnd(code: code, systemCode: errno)
        mayHaveOutput = true
        pump()
    }
}
