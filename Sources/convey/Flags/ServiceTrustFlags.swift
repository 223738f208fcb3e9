import ArgumentParser

/// How a command knows a service that speaks HTTPS.
struct ServiceTrustFlags: ParsableArguments {
    @Option(
        name: .customLong("http-ca-file"),
        help: "PEM file with the authorities that the service's certificate may come from. [CONVEY_HTTP_CA_FILE]")
    var caFile: String?
}
