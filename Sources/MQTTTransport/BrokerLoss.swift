/// There is no connection: it has ended, was refused or could not be established.
package struct BrokerLoss {
    /// nil if `disconnect()` requested the end.
    package var error: MQTTError?
    /// Whether to log it: the first loss since a connection worked, and then one per minute.
    package var isWorthLogging: Bool

    package var reason: String { error.map { "\($0)" } ?? "the connection is closed" }
}
