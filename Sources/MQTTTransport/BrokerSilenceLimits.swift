/// How long a broker may stay silent.
package struct BrokerSilenceLimits: Sendable, Equatable {
    /// The interval of silence after which the broker is probed.
    package var askAfter: Duration
    /// Silence that ends the connection. The broker had the time since the probe to answer it.
    package var end: Duration

    package init(askAfter: Duration = .seconds(10), end: Duration = .seconds(20)) {
        self.askAfter = askAfter
        self.end = end
    }
}
