import HummingbirdCore
import HummingbirdTLS
import Synchronization

/// HTTP/1.1 over TLS with the current certificate.
final class TLSBase: Sendable {
    private let http: HTTP1Channel
    private let identity: FileValue<TLSIdentity>
    private let made: Mutex<(channel: TLSChannel<HTTP1Channel>, version: Int)>

    /// - Throws: if TLS cannot be set up.
    init(_ http: HTTP1Channel, _ identity: FileValue<TLSIdentity>) throws {
        self.http = http
        self.identity = identity
        let (value, version) = identity.versioned
        made = Mutex((try TLSChannel(http, tlsConfiguration: value.configuration), version))
    }

    var current: TLSChannel<HTTP1Channel> {
        let (value, version) = identity.versioned
        return made.withLock { made in
            // The certificate and its key were checked when they were read.
            if made.version != version, let channel = try? TLSChannel(http, tlsConfiguration: value.configuration) {
                made = (channel, version)
            }
            return made.channel
        }
    }
}
