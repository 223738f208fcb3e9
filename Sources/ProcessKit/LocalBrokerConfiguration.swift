/// The configuration of a mosquitto that serves only this machine: broker/development.conf with its own port and
/// directory. Tests check that the two agree.
package enum LocalBrokerConfiguration {
    /// - Parameters:
    ///   - directory: where the broker keeps its sessions and queued messages.
    ///   - user: the user to run as when started by root; mosquitto ignores it for anyone else.
    package static func text(port: UInt16, directory: String, user: String) -> String {
        """
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
        max_inflight_messages 6000
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
