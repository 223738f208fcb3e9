import Conversation
import ConveyQueries
import HTTPServing
import Signals

/// Runs the queries of pages.
struct PageQueries: Sendable {
    let service: QueryService
    let asker: String

    /// The error page to send instead.
    struct Failure: Error {
        let response: HTTPResponse
    }

    /// - Parameters:
    ///   - parameters: the query's parameters; those without a value are left out.
    func ask(
        _ view: QueryView, _ subject: String = "", _ parameters: [(name: String, value: String?)] = []
    ) async throws(Failure) -> JSONValue {
        let given = parameters.compactMap { item in
            item.value.flatMap { $0.isEmpty ? nil : (name: item.name, value: $0) }
        }
        let request: QueryRequest
        do throws(QueryError) {
            request = try QueryRequest(view, subject: subject, parameters: given)
        } catch {
            throw Failure(response: PageLayout.problem(.badRequest, error.message))
        }
        let answer = await service.answer(request, asker: asker)
        let body: JSONValue
        do throws(JSONError) {
            body = try JSONValue(answer.body)
        } catch {
            throw Failure(response: PageLayout.problem(.internalServerError, "The answer cannot be read: \(error)"))
        }
        guard answer.status == 200 else {
            let message = body["message"]?.string ?? "The query was not answered."
            var response = PageLayout.problem(Self.status(answer.status), message)
            if answer.status == 503 { response.headers[.retryAfter] = "2" }
            throw Failure(response: response)
        }
        return body
    }

    private static func status(_ code: Int) -> HTTPStatusCode {
        switch code {
        case 400: .badRequest
        case 404: .notFound
        case 503: .serviceUnavailable
        case 504: .gatewayTimeout
        default: .internalServerError
        }
    }
}
