import Conversation
import MQTTTransport

/// Sends queries over MQTT 5 request/response. Connects at the first query and stays connected until `stop`.
public actor MQTTQueryTransport: QueryTransport {
    private let client: MQTTClient
    private let root: String
    private let clientID: String
    private let timeout: Duration
    private var isOpen = false
    private var opening: Task<Void, any Error>?
    private var asked: UInt64 = 0
    /// Unanswered queries, by their correlation data.
    private var waiting: [[UInt8]: CheckedContinuation<QueryAnswer, any Error>] = [:]

    /// - Parameters:
    ///   - broker: Convey's broker.
    ///   - clientID: unique at the broker; answers come to `{root}/receipt/{subject}/{clientID}`.
    ///   - root: first levels of every topic.
    ///   - timeout: time limit for an answer.
    public init(
        broker: BrokerAddress, clientID: String, root: String = "conv", timeout: Duration = .seconds(10)
    ) throws {
        client = try MQTTClient(MQTTOptions(broker: broker, clientID: clientID, version: .v5))
        self.root = root
        self.timeout = timeout
        self.clientID = clientID
    }

    public func ask(_ question: Question) async throws -> QueryAnswer {
        try await open()
        asked += 1
        let correlation = Array(String(asked).utf8)
        let topic = QueryTopic.topic(root: root, view: question.view, subject: question.subject)
        let message = OutgoingMessage(
            topic: topic, payload: question.payload,
            properties: PublishProperties(
                contentType: "application/json", correlationData: correlation,
                responseTopic: QueryTopic.responseTopic(for: topic, root: root, client: clientID)))
        // Ends by itself when the time is up, whatever has happened until then.
        Task { [timeout] in
            try await Task.sleep(for: timeout)
            end(
                correlation,
                .failure(
                    ConveyClientError(
                        .timeout, "no answer over MQTT: is Convey running there, with MQTT 5 and the same mqtt.root?")))
        }
        return try await withCheckedThrowingContinuation { continuation in
            waiting[correlation] = continuation
            do throws(MQTTError) {
                try client.enqueue(message) { result in
                    guard case .failure(let error) = result else { return }
                    // Ends at once: passes the failure on.
                    Task { await self.end(correlation, .failure(ConveyClientError(.unreachable, error.forPeople))) }
                }
            } catch {
                end(correlation, .failure(ConveyClientError(.unreachable, error.forPeople)))
            }
        }
    }

    /// Disconnects. Unanswered queries fail.
    public func stop() async {
        await client.stop()
        endAll("the client was stopped")
    }

    private func open() async throws {
        if isOpen { return }
        let task =
            opening
            ?? Task {
                do throws(MQTTError) {
                    try await client.start()
                    try await client.subscribe([QueryTopic.responseFilter(root: root, client: clientID)])
                } catch {
                    await client.stop()
                    throw ConveyClientError(.unreachable, error.forPeople)
                }
                // Ends with the client.
                Task { await self.listen() }
            }
        opening = task
        try await task.value
        isOpen = true
    }

    private func listen() async {
        for await message in client.messages {
            guard let correlation = message.correlationData else { continue }
            let status = message.userProperties.first { $0.0 == "status" }.flatMap { Int($0.1) }
            end(correlation, .success(QueryAnswer(status: status ?? 200, body: message.payload)))
        }
        endAll("the connection to the broker has ended")
    }

    private func end(_ correlation: [UInt8], _ result: Result<QueryAnswer, any Error>) {
        waiting.removeValue(forKey: correlation)?.resume(with: result)
    }

    private func endAll(_ message: String) {
        for correlation in Array(waiting.keys) { end(correlation, .failure(ConveyClientError(.unreachable, message))) }
    }
}
