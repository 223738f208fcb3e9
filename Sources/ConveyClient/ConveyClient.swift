import Conversation
import Signals

/// Queries a running Convey about conversations.
///
/// ```swift
/// let convey = ConveyClient(try HTTPQueryTransport("127.0.0.1:8080"))
/// for try await page in convey.pages(Question(.events, subject: "chat-42", parameters: [.after: "0"])) {
///     print(page.elements.count)
/// }
/// ```
public struct ConveyClient: Sendable {
    private let transport: any QueryTransport

    public init(_ transport: any QueryTransport) {
        self.transport = transport
    }

    /// A parsed answer.
    public struct Page: Sendable {
        /// The received bytes.
        public let bytes: [UInt8]
        /// The whole answer.
        public let json: JSONValue
        /// The parameter for the next page, which replaces this one's page parameter; nil on the last page.
        public let next: (parameter: QueryParameter, value: String)?

        /// The entries, messages, events, signals, conversations or effects.
        public var elements: [JSONValue] {
            for name in ["entries", "messages", "events", "signals", "conversations", "effects"] {
                if let elements = json[name]?.array { return elements }
            }
            return []
        }

        init(_ bytes: [UInt8]) throws(ConveyClientError) {
            do { json = try JSONValue(bytes) } catch {
                throw ConveyClientError(.notConvey, "the answer is not JSON: \(error)")
            }
            self.bytes = bytes
            guard let member = json["next"]?.object?.first, let parameter = QueryParameter(rawValue: member.key) else {
                next = nil
                return
            }
            next = (parameter, member.value.string ?? member.value.description)
        }
    }

    /// A refusal of the service in words for the person at the command line.
    /// - Parameter message: the service's message; nil if the answer does not come from Convey.
    public static func refusal(_ status: Int, _ message: String?) -> String {
        var words = message?[...] ?? "the answer is HTTP status \(status), which is not one of Convey's"
        if words.last == "." { words.removeLast() }
        return switch status {
        case 401: "the service requires a valid token: set CONVEY_HTTP_TOKEN (`convey token` creates one)"
        case 403: "\(words): set CONVEY_HTTP_TOKEN to such a token"
        default: String(words)
        }
    }

    /// Sends one query.
    /// - Throws: `ConveyClientError`; a refusal by Convey is one, with its code in `refusal`.
    public func ask(_ question: Question) async throws -> Page {
        let answer = try await transport.ask(question)
        guard answer.status == 200 else {
            // Any other answer does not come from Convey; then the status is enough.
            let json = try? JSONValue(answer.body)
            let message = Self.refusal(answer.status, json?["message"]?.string)
            throw ConveyClientError(.refused, message, refusal: json?["error"]?.string)
        }
        return try Page(answer.body)
    }

    /// The query's page and all following ones, each queried when the previous one has been taken.
    public func pages(_ question: Question) -> Pages { Pages(client: self, question: question) }

    /// Pages in the order of the queries.
    public struct Pages: AsyncSequence, Sendable {
        let client: ConveyClient
        let question: Question

        public struct AsyncIterator: AsyncIteratorProtocol {
            let client: ConveyClient
            var next: Question?

            public mutating func next() async throws -> Page? {
                guard let asked = next else { return nil }
                let page = try await client.ask(asked)
                next = page.next.map { asked.following($0.parameter, $0.value) }
                return page
            }
        }

        public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(client: client, next: question) }
    }
}

extension Question {
    /// The query for the next page.
    func following(_ parameter: QueryParameter, _ value: String) -> Question {
        var next = self
        for old in [QueryParameter.before, .after, .afterSequence, .cursor] { next.parameters[old] = nil }
        next.parameters[parameter] = value
        return next
    }
}
