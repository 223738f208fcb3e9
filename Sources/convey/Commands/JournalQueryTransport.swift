import Conversation
import ConveyClient
import JournalPort
import JournalReading

/// Answers questions from the journals of a directory, without a service.
struct JournalQueryTransport: QueryTransport {
    let directory: String

    func ask(_ question: Question) async throws -> QueryAnswer {
        do {
            let request = try QueryRequest(question.view, subject: question.subject, parameters: question.items)
            return try Self.answer(request, Journals.existing(in: directory))
        } catch let error as QueryError {
            return QueryAnswer(error)
        } catch let error as JournalError {
            throw ConveyClientError(.unreachable, error.message)
        }
    }

    /// A question about one conversation is for its shard.
    private static func answer(_ request: QueryRequest, _ store: any JournalStore) throws -> QueryAnswer {
        let layout = try store.layout()
        guard layout.shards == 1 || request.view.needsSubject else {
            throw ConveyClientError(
                .unreachable,
                "the journal has \(layout.shards) shards; ask the service about more than one conversation")
        }
        let shard = layout.shards == 1 ? 0 : layout.shard(of: request.subject)
        return try QueryExecutor(reader: store.openReader(shard: shard)).answer(request)
    }
}
