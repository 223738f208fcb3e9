import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import Synchronization

/// Shared by the two tasks of a request: the exchange, and the signals with which each wakes the other.
final class ChatWire: Sendable {
    let exchange: Mutex<ChatExchange>
    /// An element whenever the emitter must check again; read only by the emitter.
    let wakes: AsyncStream<Void>
    /// An element whenever a paused reader may continue; read only by the reader.
    let resumes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation
    private let resume: AsyncStream<Void>.Continuation

    init(exchange: ChatExchange) {
        self.exchange = Mutex(exchange)
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (resumes, resume) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func wakeEmitter() { wake.yield() }

    func resumeReader() { resume.yield() }
}

extension ReplyHead {
    init(_ response: HTTPClientResponse) {
        self.init(
            status: Int(response.status.code), header: { response.headers.first(name: $0) },
            now: Int64(Date().timeIntervalSince1970))
    }
}
