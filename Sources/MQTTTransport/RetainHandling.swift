/// Which retained messages a broker sends for a subscription (MQTT 5, 3.8.3.1, Retain Handling).
public enum RetainHandling: Sendable {
    /// Only if the subscription is new, not each time the session is continued.
    case whenNew
    case never
}
