import AsyncHTTPClient
import HTTPServing
import NIOCore
import NIOPosix
import NIOSSL

/// One request to a service, with or without TLS.
package enum HTTPSProbe {
    /// Why there is no answer, as a text that follows the service's address.
    package struct Failure: Error, Equatable {
        package let message: String
        static let unreachable = "could not be reached: is `convey serve` running there?"
    }

    /// - Parameters:
    ///   - json: the request's body.
    ///   - headers: further headers.
    ///   - seconds: time limit for the complete answer.
    package static func request(
        _ method: String, _ path: String, json: [UInt8]? = nil, headers: [(name: String, value: String)] = [],
        at endpoint: ServiceEndpoint, limit: Int = HTTPProbe.answerLimit, seconds: Int64 = 10
    ) async -> Result<HTTPProbe.Answer, Failure> {
        let tls: TLSConfiguration
        do {
            tls = try configuration(endpoint)
        } catch {
            return .failure(
                Failure(message: "cannot be checked: \(endpoint.caFile ?? "") is not a PEM file of certificates"))
        }
        var settings = HTTPClient.Configuration(tlsConfiguration: tls)
        // One request: a failure is reported at once.
        settings.connectionPool.retryConnectionEstablishment = false
        settings.timeout.connect = .seconds(seconds)
        let client = HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: settings)
        var request = HTTPClientRequest(url: "\(endpoint)\(path)")
        request.method = .RAW(value: method)
        for header in headers { request.headers.add(name: header.name, value: header.value) }
        if let json {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: json))
        }
        let result = await execute(request, client, limit: limit, seconds: seconds)
        // After the request an error no longer matters.
        try? await client.shutdown()
        return result
    }

    private static func configuration(_ endpoint: ServiceEndpoint) throws -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let caFile = endpoint.caFile {
            tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(caFile))
        } else if endpoint.address.isLoopback {
            // The certificate contains the service's public name, and nobody can intercept loopback traffic.
            tls.certificateVerification = .none
        }
        return tls
    }

    private static func execute(
        _ request: HTTPClientRequest, _ client: HTTPClient, limit: Int, seconds: Int64
    ) async -> Result<HTTPProbe.Answer, Failure> {
        do {
            let response = try await client.execute(request, timeout: .seconds(seconds))
            let body = try await response.body.collect(upTo: limit)
            return .success(HTTPProbe.Answer(status: Int(response.status.code), body: String(buffer: body)))
        } catch {
            return .failure(Failure(message: words(error)))
        }
    }

    private static func words(_ error: any Error) -> String {
        if let error = error as? NIOSSLExtraError, error == .failedToValidateHostname {
            return "has a certificate for another name: use the name in its certificate"
        }
        if error is NIOSSLError {
            let text = "\(error)"
            if text.contains("CERTIFICATE_VERIFY_FAILED") {
                return "has a certificate from an untrusted authority: name the authority with --http-ca-file"
            }
            if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
                return "speaks plain HTTP: use http://"
            }
            return "does not agree on TLS"
        }
        switch error as? HTTPClientError {
        case .connectTimeout?, .deadlineExceeded?, .readTimeout?: return "gave no answer in time"
        case .remoteConnectionClosed?: return "closed the connection without an answer"
        default: return Failure.unreachable
        }
    }
}
