/// An `MQTTEvent` from the perspective of a `BrokerLink`'s owner.
package enum BrokerNews {
    /// The broker accepted the connection.
    case connected(sessionPresent: Bool)
    case lost(BrokerLoss)
    /// SUBACK: whether the broker granted every filter.
    case subscribed(isGranted: Bool)
    /// PUBACK, with a reason code if the broker refused the message.
    case acknowledged(messageID: Int32, refusal: UInt8?)
}
