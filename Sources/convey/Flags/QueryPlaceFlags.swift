import ArgumentParser

/// Where to send a query, unless it goes to the broker.
struct QueryPlaceFlags: ParsableArguments {
    @Option(help: "Ask the service at this HTTP address. Default: the setting http.address.")
    var http: String?
    @Option(help: "Read the journal in this directory or PostgreSQL database (postgres://…); no service is needed.")
    var data: String?
}
