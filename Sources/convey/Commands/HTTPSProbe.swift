import AsyncHTTPClient
import HTTPServing
import NIOCore
import NIOPosix
import NIOSSL

/// One request to a service that speaks TLS.
enum HTTPSProbe {
    /// The response to a GET; nil when the server cannot be reached, has the wrong certificate, or does not speak HTTP.
    static func get(_ path: String, at address: HTTPAddress) async -> HTTPProbe.Answer? {
        // A service that listens on all addresses is reached over loopback.
        let host = address.host == "0.0.0.0" ? "127.0.0.1" : address.host == "::" ? "::1" : address.host
        let place = HTTPAddress(host: host, port: address.port)
        var tls = TLSConfiguration.makeClientConfiguration()
        // The certificate contains the service's public name, and loopback cannot be intercepted.
        if place.isLoopback { tls.certificateVerification = .none }
        let client = HTTPClient(
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            configuration: HTTPClient.Configuration(tlsConfiguration: tls))
        let answer = await get("https://\(place)\(path)", client)
        // Nothing is left that an error could be about.
        try? await client.shutdown()
        return answer
    }

    private static func get(_ url: String, _ client: HTTPClient) async -> HTTPProbe.Answer? {
        do {
            let response = try await client.execute(
                HTTPClientRequest(url: url), timeout: .seconds(Int64(HTTPProbe.timeoutSeconds)))
            let body = try await response.body.collect(upTo: HTTPProbe.answerLimit)
            return HTTPProbe.Answer(status: Int(response.status.code), body: String(buffer: body))
        } catch {
            return nil
        }
    }
}
