/// Reason codes of CONNACK, PUBACK and SUBACK (MQTT 5, 2.4).
enum ReasonCode {
    /// Whether the code reports a failure.
    static func isFailure(_ code: some BinaryInteger) -> Bool { code >= 0x80 }
}
