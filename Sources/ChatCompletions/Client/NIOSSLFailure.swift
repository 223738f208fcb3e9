/// Errors of TLS. Their descriptions hold no application data.
protocol NIOSSLFailure: Error {}
