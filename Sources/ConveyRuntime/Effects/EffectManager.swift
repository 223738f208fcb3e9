import Conversation
import ConveyEngine
import EffectPort
import JournalPort
import Logging
import Synchronization

/// Carries out the engine's orders: runs attempts, stops them, and passes their reports back. The engine alone decides
/// when an effect has ended, and ignores later reports.
public final class EffectManager: Sendable {
    private let handlers: [EffectClass: any EffectHandler]
    private let mailbox: EngineMailbox
    private let logger: Logger
    /// One attempt per effect: a newer attempt replaces a stopped one.
    private let running = Mutex<[EffectKey: RunningAttempt]>([:])
    private let isShutDown = Atomic(false)

    private struct RunningAttempt {
        var attempt: Int
        var task: Task<Void, Never>
    }

    init(handlers: [EffectClass: any EffectHandler], mailbox: EngineMailbox, logger: Logger) {
        self.handlers = handlers
        self.mailbox = mailbox
        self.logger = logger
    }

    /// Called after the commit that recorded the orders, in their order.
    func carryOut(_ orders: [EffectOrder]) {
        for order in orders {
            switch order {
            case .run(let attempt): start(attempt)
            case .stop(let key): running.withLock { $0.removeValue(forKey: key) }?.task.cancel()
            }
        }
    }

    /// Stops every attempt. Their effects stay open, and the next start continues them.
    func cancelAll() {
        let tasks = running.withLock { running in
            defer { running.removeAll() }
            return running
        }
        for running in tasks.values { running.task.cancel() }
    }

    /// Stops every attempt, waits until their tasks have ended, and starts no more.
    func shutDown() async {
        isShutDown.store(true, ordering: .sequentiallyConsistent)
        let tasks = running.withLock { $0.values.map(\.task) }
        cancelAll()
        for task in tasks { await task.value }
    }

    private func start(_ attempt: EffectAttempt) {
        let key = attempt.effect.key
        running.withLock { running in
            guard !isShutDown.load(ordering: .sequentiallyConsistent) else { return }
            // `stop`, `cancelAll` and `shutDown` end this task; `shutDown` awaits it.
            running[key] = RunningAttempt(
                attempt: attempt.effect.attempt, task: Task { await self.run(attempt) })
        }
    }

    private func run(_ attempt: EffectAttempt) async {
        let event = await outcome(of: attempt)
        running.withLock { running in
            guard running[attempt.effect.key]?.attempt == attempt.effect.attempt else { return }
            running[attempt.effect.key] = nil
        }
        guard let event else { return }
        await mailbox.submit(EffectReport(attempt.effect, event))
    }

    /// The result of the attempt; nil if it was stopped.
    private func outcome(of attempt: EffectAttempt) async -> EffectReport.Event? {
        let effect = attempt.effect
        guard let handler = handlers[effect.effectClass] else {
            return .failed(
                EffectFailure(
                    .config, "this Convey has no handler for effects of class \(effect.effectClass.rawValue)"))
        }
        do {
            let result = try await handler.run(attempt) { [mailbox] delta in
                try Task.checkCancellation()
                await mailbox.submit(EffectReport(effect, .delta(delta)))
            }
            return .completed(result)
        } catch is CancellationError {
            return nil
        } catch let failure as EffectFailure {
            return .failed(failure)
        } catch {
            logger.error(
                "an effect failed in an unexpected way",
                metadata: ["effect": "\(effect.effectID)", "subject": "\(effect.subject)", "error": "\(error)"])
            return .failed(EffectFailure(.unknown, "\(error)"))
        }
    }
}
