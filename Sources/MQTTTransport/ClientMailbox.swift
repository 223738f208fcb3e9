import Synchronization

/// Commands for the client's thread, and the client's life cycle.
final class ClientMailbox: Sendable {
    private enum Life {
        case new, running, closing
        case ended(MQTTError)
    }

    private struct State {
        var life = Life.new
        var commands: [ClientCommand] = []
        /// Messages in `commands` and in the thread's queue.
        var outstanding = 0
        var endCallbacks: [@Sendable () -> Void] = []
    }

    let wake: WakeHandle
    private let state = Mutex(State())

    init() throws(MQTTError) { wake = try WakeHandle() }

    private static let stopped = MQTTError(.stopped, "the MQTT client is stopped: create a new one")

    func open() throws(MQTTError) {
        let isNew = state.withLock { state in
            guard case .new = state.life else { return false }
            state.life = .running
            return true
        }
        guard isNew else { throw MQTTError(.stopped, "an MQTT client starts only once: create a new one") }
    }

    /// - Throws: `queueFull`; `stopped`, or why the client failed.
    func post(_ command: ClientCommand) throws(MQTTError) {
        let error: MQTTError? = state.withLock { state in
            switch state.life {
            case .new: return MQTTError(.notConnected, "the MQTT client is not started: call start() first")
            case .running: break
            case .closing: return Self.stopped
            case .ended(let error): return error
            }
            if case .publish(let messages, _, _) = command {
                guard state.outstanding + messages.count <= MQTTClient.publishQueueLimit else {
                    return MQTTError(
                        .queueFull,
                        "\(state.outstanding) messages are not acknowledged by the broker yet: publish more slowly"
                    )
                }
                state.outstanding += messages.count
            }
            state.commands.append(command)
            return nil
        }
        if let error { throw error }
        wake.wake()
    }

    /// Asks the thread to end; if there is none, the client has ended already.
    func close() {
        let callbacks = state.withLock { state -> [@Sendable () -> Void] in
            switch state.life {
            case .new: state.life = .ended(Self.stopped)
            case .running: state.life = .closing
            case .closing, .ended: break
            }
            guard case .ended = state.life else { return [] }
            defer { state.endCallbacks = [] }
            return state.endCallbacks
        }
        callbacks.forEach { $0() }
        wake.wake()
    }

    /// Calls back once the thread has ended; at once if it has.
    func whenEnded(_ callback: @escaping @Sendable () -> Void) {
        let isEnded = state.withLock { state in
            if case .ended = state.life { return true }
            state.endCallbacks.append(callback)
            return false
        }
        if isEnded { callback() }
    }

    /// Why the thread ended, unless it was asked to end.
    var failure: MQTTError? {
        state.withLock { state in
            if case .ended(let error) = state.life, error.code != .stopped { error } else { nil }
        }
    }

    // For the client's thread.

    var isClosing: Bool {
        state.withLock { if case .closing = $0.life { true } else { false } }
    }

    func takeCommands() -> [ClientCommand] {
        state.withLock { state in
            defer { state.commands = [] }
            return state.commands
        }
    }

    func publishesAnswered(_ count: Int) {
        state.withLock { $0.outstanding -= count }
    }

    /// Marks the end and answers late requests; nil means that `stop()` requested it.
    func end(_ error: MQTTError?) {
        let error = error ?? Self.stopped
        let (commands, callbacks) = state.withLock { state in
            state.life = .ended(error)
            defer {
                state.commands = []
                state.endCallbacks = []
            }
            return (state.commands, state.endCallbacks)
        }
        for command in commands {
            switch command {
            case .subscribe(_, _, let reply), .publish(_, _, let reply): reply(.failure(error))
            }
        }
        callbacks.forEach { $0() }
    }
}
