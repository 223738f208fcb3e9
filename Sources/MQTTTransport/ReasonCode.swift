/// Reason codes of CONNACK, PUBACK and SUBACK (MQTT 5, 2.4).
enum ReasonCode {
    /// Whether the broker did not do what it was asked to do.
    static func isFailure(_ code: some BinaryInteger) -> Bool { code >= 0x80 }
}
