/// The protocol version a connection speaks.
public enum MQTTVersion: String, Sendable, CaseIterable {
    case v5 = "5"
    case v311 = "3.1.1"
}
