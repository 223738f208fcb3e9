import ArgumentParser
import ConveySettings
import Foundation
import Glibc
import ServiceClient

/// The source of dead letters: a service or a data directory.
struct DeadLetterEndpointFlags: ParsableArguments {
    @OptionGroup
    var output: OutputFlags
    @OptionGroup(title: "Connection")
    var place: QueryPlaceFlags
    @OptionGroup(title: "Connection")
    var trust: ServiceTrustFlags
    @OptionGroup(title: "Connection")
    var config: ConfigFileFlag
    /// Refused with words: other commands take it.
    @Option(help: .private)
    var broker: String?

    func validate() throws {
        guard broker == nil else {
            throw ValidationError("dead letters are not read through the broker; give --http HOST:PORT or --data DIR")
        }
        if place.http != nil, place.data != nil { throw ValidationError("give --http or --data, not both") }
    }

    func open() throws -> any DeadLetterEndpoint {
        if let data = place.data { return try DeadLetterFile(directory: data) }
        return DeadLetterService(
            service: try ServiceEndpoint.find(
                place.http, caFile: trust.caFile, configFile: config.file,
                instead: "; read the journal with --data DIR"))
    }
}
