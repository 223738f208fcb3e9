/// Which retained messages a broker sends for a subscription (MQTT 5, 3.8.3.1, Retain Handling).
public enum RetainHandling: Sendable {
    /// When the subscription is new, not again each time the session is continued.
    case whenNew
    case never
}
