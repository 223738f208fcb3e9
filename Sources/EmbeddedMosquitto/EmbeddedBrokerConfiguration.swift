import ProcessKit

/// The configuration file of the embedded mosquitto, and its location.
struct EmbeddedBrokerConfiguration: Sendable {
    let port: UInt16
    /// Where the broker keeps its sessions and queued messages.
    let directory: String
    /// The user to stay when started as root; mosquitto ignores it for anyone else.
    let user: String

    var file: String { "\(directory)/mosquitto.conf" }
    var logFile: String { "\(directory)/mosquitto.log" }

    var text: String {
        """
        # Written by `convey serve --embedded-broker` at each start; changes are lost. See broker/development.conf.
        \(LocalBrokerConfiguration.text(port: port, directory: directory, user: user))
        """
    }
}
