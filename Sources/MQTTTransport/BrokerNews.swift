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
