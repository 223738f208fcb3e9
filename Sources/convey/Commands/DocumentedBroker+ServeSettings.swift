import ConveyHTTP
import ConveySettings
import MQTTTransport

extension DocumentedBroker {
    init(_ settings: ServeSettings) {
        let address = settings.broker.address
        let host = address.host.contains(":") ? "[\(address.host)]" : address.host
        self.init(
            host: "\(host):\(address.port)", usesTLS: address.tls != nil, usesMQTT5: settings.broker.version == .v5,
            hasUser: address.username != nil, hasCertificate: address.tls?.certificateFile != nil,
            sessionExpirySeconds: UInt32(clamping: settings.sessionExpiry.components.seconds))
    }
}
