/// The configuration file of the embedded mosquitto. It is broker/development.conf with the port and the directories of
/// this run; a test holds the two together.
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
        listener \(port) 127.0.0.1
        allow_anonymous true
        user \(user)

        persistence true
        persistence_location \(directory)/
        persistence_file mosquitto.db
        autosave_interval 10
        persistent_client_expiration 14d

        max_queued_messages 0
        max_queued_bytes 0
        max_inflight_messages 1000
        queue_qos0_messages false
        max_packet_size 16842752
        set_tcp_nodelay true

        log_dest stderr
        log_type error
        log_type warning
        log_type notice
        log_timestamp_format %Y-%m-%dT%H:%M:%S
        connection_messages false

        """
    }
}
