/// The main loop of an `MQTTClient`'s thread.
final class ClientLoop {
    private struct Subscribe {
        let filters: [String]
        let deadline: ContinuousClock.Instant
        /// nil for a renewal after a reconnect.
        let reply: MQTTReply?
    }

    /// Maximum messages and bytes read per round: small enough to keep acknowledgements and commands moving.
    private static let readLimit = (messages: 500, bytes: 4 << 20)
    /// Longest wait per round; deadlines and keep-alive are checked at this interval.
    private static let turnMilliseconds = 500

    private let options: MQTTOptions
    private let mailbox: ClientMailbox
    private let buffer: MessageBuffer
    private let onConnectionLost: @Sendable () -> Void
    private let onTurn: @Sendable (_ isConnecting: Bool) -> Void
    private var outgoing: OutgoingQueue
    /// Granted by the broker; renewed after a reconnect.
    private var filters: [String] = []
    /// Not sent yet.
    private var newSubscribes: [Subscribe] = []
    private var sentSubscribes: [Int32: Subscribe] = [:]
    private var backoff = Backoff(longest: .seconds(10))
    private var hasLostConnection = false
    private var nextExpiry = ContinuousClock.now
    /// Set once, ends the loop.
    private var failure: MQTTError?

    init(
        options: MQTTOptions, mailbox: ClientMailbox, buffer: MessageBuffer,
        onConnectionLost: @escaping @Sendable () -> Void,
        onTurn: @escaping @Sendable (_ isConnecting: Bool) -> Void
    ) {
        self.options = options
        self.mailbox = mailbox
        self.buffer = buffer
        self.onConnectionLost = onConnectionLost
        self.onTurn = onTurn
        outgoing = OutgoingQueue(window: Int(options.outgoingWindow))
    }

    /// Connects, answers `started`, and works until the client is closed or fails.
    func run(started: MQTTReply) {
        let end: MQTTError?
        do throws(MQTTError) {
            let connection = try MQTTConnection(options)
            onTurn(true)
            try connection.connect()
            try waitForCONNACK(connection)
            started(.success(()))
            while failure == nil, !mailbox.isClosing { turn(connection) }
            connection.disconnect()
            end = failure
        } catch {
            started(.failure(error))
            end = error
        }
        finish(end)
    }

    private func waitForCONNACK(_ connection: MQTTConnection) throws(MQTTError) {
        while !mailbox.isClosing {
            onTurn(false)
            _ = connection.poll(timeoutMilliseconds: Self.turnMilliseconds, wake: mailbox.wake)
            connection.keepAlive()
            let inbox = connection.read(limit: Self.readLimit.messages, byteLimit: Self.readLimit.bytes)
            buffer.append(inbox.messages)
            for event in inbox.events {
                switch event {
                case .connected: return
                case .connectionRefused(let error): throw error
                case .disconnected(let error): throw error ?? .notConnected(options.broker)
                case .publishAcknowledged, .subscribed: break  // Nothing was sent yet.
                }
            }
        }
        throw MQTTError(.stopped, "the MQTT client was stopped before it was connected")
    }

    private func turn(_ connection: MQTTConnection) {
        onTurn(false)
        for command in mailbox.takeCommands() { accept(command) }
        if connection.isConnected {
            sendSubscribes(connection)
            sendPublishes(connection)
        }
        let reading = buffer.hasRoom || outgoing.hasInFlight || !sentSubscribes.isEmpty || !connection.isConnected
        let result = connection.poll(
            timeoutMilliseconds: waitMilliseconds(), wake: mailbox.wake, reading: reading)
        connection.keepAlive(reading: reading)
        if result.isReadable || result.hasEnded {
            let inbox = connection.read(limit: Self.readLimit.messages, byteLimit: Self.readLimit.bytes)
            buffer.append(inbox.messages)
            inbox.events.forEach(handle)
        }
        if hasLostConnection, backoff.remainingMilliseconds == 0 { reconnect(connection) }
        if nextExpiry <= .now { expire() }
    }

    private func accept(_ command: ClientCommand) {
        switch command {
        case .subscribe(let filters, let deadline, let reply):
            newSubscribes.append(Subscribe(filters: filters, deadline: deadline, reply: reply))
        case .publish(let messages, let deadline, let reply):
            let batch = PublishBatch(count: messages.count, deadline: deadline, reply: reply)
            outgoing.append(messages, batch: batch)
        }
    }

    private func sendSubscribes(_ connection: MQTTConnection) {
        let subscribes = newSubscribes
        newSubscribes = []
        for subscribe in subscribes {
            do throws(MQTTError) {
                sentSubscribes[try connection.subscribe(subscribe.filters)] = subscribe
            } catch {
                if error.isRetriable { newSubscribes.append(subscribe) } else { subscribe.reply?(.failure(error)) }
            }
        }
    }

    private func sendPublishes(_ connection: MQTTConnection) {
        while let entry = outgoing.takeNext() {
            guard entry.batch.isOpen else {
                mailbox.publishesAnswered(1)
                continue
            }
            do throws(MQTTError) {
                let message = entry.message
                let messageID = try connection.publish(
                    topic: message.topic, payload: message.payload, retain: message.retain,
                    properties: message.properties)
                outgoing.sent(entry, messageID: messageID)
            } catch {
                guard error.isRetriable else {
                    complete(entry, error)
                    continue
                }
                return outgoing.connectionLost(extra: entry)
            }
        }
    }

    private func handle(_ event: MQTTEvent) {
        switch event {
        case .connected(let sessionPresent):
            backoff.succeeded()
            guard !sessionPresent, !filters.isEmpty else { return }
            newSubscribes.insert(Subscribe(filters: filters, deadline: .now + .seconds(30), reply: nil), at: 0)
        case .connectionRefused(let error):
            connectionEnded(error)
        case .disconnected(let error):
            onConnectionLost()
            connectionEnded(error ?? .notConnected(options.broker))
        case .publishAcknowledged(let messageID, let reasonCode):
            guard let entry = outgoing.acknowledged(messageID: messageID) else { return }
            complete(entry, fault(ofPublishing: entry.message, reasonCode))
        case .subscribed(let messageID, let grantedQoS):
            guard let subscribe = sentSubscribes.removeValue(forKey: messageID) else { return }
            subscribed(subscribe, grantedQoS)
        }
    }

    private func subscribed(_ subscribe: Subscribe, _ grantedQoS: [Int]) {
        let denied = zip(subscribe.filters, grantedQoS).filter { ReasonCode.isFailure($0.1) }
        let error = denied.first.map { first in
            MQTTError.subscribeRefused(denied.map(\.0), reason: first.1, options.broker)
        }
        if let reply = subscribe.reply {
            let granted = zip(subscribe.filters, grantedQoS).filter { !ReasonCode.isFailure($0.1) }.map(\.0)
            filters += granted.filter { !filters.contains($0) }
            reply(error.map { .failure($0) } ?? .success(()))
        } else if let error {
            failure = error
        }
    }

    private func fault(ofPublishing message: OutgoingMessage, _ reasonCode: UInt8) -> MQTTError? {
        if ReasonCode.isFailure(reasonCode) { return .publishRefused(message.topic, reasonCode, options.broker) }
        guard reasonCode == 0x10, message.needsSubscriber else { return nil }
        return MQTTError(.noSubscriber, "the broker at \(options.broker) has no subscriber to \(message.topic)")
    }

    private func complete(_ entry: OutgoingQueue.Entry, _ error: MQTTError?) {
        mailbox.publishesAnswered(1)
        entry.batch.complete(error)
    }

    private func connectionEnded(_ error: MQTTError) {
        guard error.isRetriable else { return failure = error }
        outgoing.connectionLost()
        newSubscribes = sentSubscribes.values.filter { $0.reply != nil } + newSubscribes.filter { $0.reply != nil }
        sentSubscribes = [:]
        hasLostConnection = true
        _ = backoff.failed()
    }

    private func reconnect(_ connection: MQTTConnection) {
        hasLostConnection = false
        onTurn(true)
        do throws(MQTTError) {
            try connection.connect()
        } catch {
            connectionEnded(error)
        }
    }

    private func waitMilliseconds() -> Int {
        hasLostConnection ? min(Self.turnMilliseconds, backoff.remainingMilliseconds) : Self.turnMilliseconds
    }

    /// Fails requests that timed out. A late PUBACK then finds its batch answered.
    private func expire() {
        let now = ContinuousClock.now
        nextExpiry = now + .milliseconds(Self.turnMilliseconds)
        let error = MQTTError(.timeout, "the broker at \(options.broker) did not acknowledge in time")
        for batch in outgoing.batches where batch.deadline < now { batch.finish(error) }
        newSubscribes = newSubscribes.filter { subscribe in
            guard subscribe.deadline < now, let reply = subscribe.reply else { return true }
            reply(.failure(error))
            return false
        }
        for (messageID, subscribe) in sentSubscribes where subscribe.deadline < now {
            sentSubscribes[messageID] = nil
            if let reply = subscribe.reply { reply(.failure(error)) } else { failure = error }
        }
    }

    private func finish(_ error: MQTTError?) {
        let answer = error ?? MQTTError(.stopped, "the MQTT client was stopped before the broker acknowledged")
        for batch in outgoing.batches { batch.finish(answer) }
        for subscribe in newSubscribes + sentSubscribes.values { subscribe.reply?(.failure(answer)) }
        // The reader that sees the end of the messages may ask why.
        mailbox.end(error)
        buffer.finish()
    }
}
