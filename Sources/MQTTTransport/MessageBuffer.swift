import Synchronization

/// Received messages between the client's thread and the one task that iterates over them.
final class MessageBuffer: Sendable {
    private struct State {
        var items: [ReceivedMessage] = []
        var first = 0
        var consumer: CheckedContinuation<ReceivedMessage?, Never>?
        var isFinished = false

        var count: Int { items.count - first }

        mutating func take() -> ReceivedMessage? {
            guard first < items.count else { return nil }
            let item = items[first]
            first += 1
            if first == items.count || first >= 1024 {
                items.removeFirst(first)
                first = 0
            }
            return item
        }
    }

    private let state = Mutex(State())
    private let limit: Int
    private let wake: WakeHandle

    /// - Parameters:
    ///   - limit: above it `hasRoom` is false and the thread stops reading.
    ///   - wake: called when there is room again.
    init(limit: Int, wake: WakeHandle) {
        self.limit = limit
        self.wake = wake
    }

    var hasRoom: Bool { state.withLock { $0.count < limit } }

    func append(_ messages: [ReceivedMessage]) {
        // The continuation is resumed outside the lock.
        let delivery = state.withLock { state -> (CheckedContinuation<ReceivedMessage?, Never>, ReceivedMessage)? in
            state.items.append(contentsOf: messages)
            guard let consumer = state.consumer, let item = state.take() else { return nil }
            state.consumer = nil
            return (consumer, item)
        }
        if let (consumer, item) = delivery { consumer.resume(returning: item) }
    }

    /// Ends the sequence after the buffered messages.
    func finish() {
        let consumer = state.withLock { state in
            state.isFinished = true
            defer { state.consumer = nil }
            return state.consumer
        }
        consumer?.resume(returning: nil)
    }

    /// The next message; nil at the end or if the task is cancelled. A second waiting task ends the first one's wait.
    func next() async -> ReceivedMessage? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (resumed, item, hasRoomAgain) = state.withLock { state in
                    let wasFull = state.count == limit
                    let item = state.take()
                    if item == nil, !state.isFinished, !Task.isCancelled {
                        defer { state.consumer = continuation }
                        return (state.consumer, ReceivedMessage?.none, false)
                    }
                    return (continuation, item, wasFull)
                }
                resumed?.resume(returning: item)
                if hasRoomAgain { wake.wake() }
            }
        } onCancel: {
            let consumer = state.withLock { state in
                defer { state.consumer = nil }
                return state.consumer
            }
            consumer?.resume(returning: nil)
        }
    }
}
