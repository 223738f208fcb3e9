/// What an `MQTTEvent` means for the owner of a `BrokerLink`.
package enum BrokerNews {
    /// The broker accepted the connection.
    case connected(sessionPresent: Bool)
    case lost(BrokerLoss)
    /// SUBACK: whether the broker granted every filter.
    case subscribed(isGranted: Bool)
    /// PUBACK, with the reason code of a broker that did not take the message.
    case acknowledged(messageID: Int32, refusal: UInt8?)
}

/// There is no connection: it has ended, was refused or could not be made.
package struct BrokerLoss {
    /// nil when `disconnect()` asked for the end.
    package var error: MQTTError?
    /// Whether to log it: the first loss since a connection worked, and then one per minute.
    package var isWorthLogging: Bool

    package var reason: String { error.map { "\($0)" } ?? "the connection has ended" }
}

/// What has changed about a broker that sends nothing.
package enum BrokerSilenceNews {
    /// It is silent for too long: what to say about it.
    case silent(String)
    case ended
}
