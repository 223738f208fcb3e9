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
            return try ShardedQueryExecutor(ShardReaders(Journals.existing(in: directory))).answer(request)
        } catch let error as QueryError {
            return QueryAnswer(error)
        } catch let error as JournalError {
            throw ConveyClientError(.unreachable, error.message)
        }
    }
}
