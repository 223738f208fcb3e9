import ArgumentParser
import ConveySettings

/// The address of a running service.
struct ServiceAddressFlag: ParsableArguments {
    @Option(name: Settings.httpAddress.name, help: "Address of the service. [CONVEY_HTTP_ADDRESS, http.address]")
    var http: String?
}
