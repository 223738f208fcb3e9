import EffectPort
import Conversation
import JournalPort
import Signals

/// Failed attempts, and the pauses after them.
extension EffectLedger {
    /// Counts a failure of the running attempt. Returns nil if the effect has ended or the attempt is not the newest.
    mutating func fail(_ effect: OpenEffect, _ failure: EffectFailure, at time: EngineTime) -> Entry? {
        guard let slot = entries.index(forKey: effect.key), entries.values[slot].isRunning,
            entries.values[slot].effect.attempt == effect.attempt
        else { return nil }
        entries.values[slot].failed(failure, at: time)
        return entries.values[slot]
    }

    /// Waits before the next attempt.
    /// - Parameters:
    ///   - due: in monotonic milliseconds.
    ///   - dueAt: in microseconds since 1970.
    mutating func pause(_ key: EffectKey, until due: Int64, dueAt: Int64) -> Entry? {
        guard let slot = entries.index(forKey: key) else { return nil }
        if entries.values[slot].isRunning { places[entries.values[slot].effect.effectClass]?.running -= 1 }
        entries.values[slot].effect.dueAt = dueAt
        entries.values[slot].due = due
        begin(key)
        return entries.values[slot]
    }

    /// Ends the pauses of calls that wait for these tools, because a worker is available now.
    mutating func endOutage(of tools: Set<String>) {
        guard !tools.isEmpty else { return }
        for (key, entry) in entries where entry.phase == .waiting && entry.outage != nil {
            guard let call = entry.call, tools.contains(call.name) else { continue }
            entries[key]?.due = nil
            begin(key)
        }
    }
}

extension EffectLedger.Entry {
    fileprivate mutating func failed(_ failure: EffectFailure, at time: EngineTime) {
        failingSince = failingSince ?? time.wall
        guard failure.isUnavailable, policy.patience > .zero else {
            failures += 1
            outage = nil
            return
        }
        var outage = self.outage ?? EffectOutage(now: time.monotonic)
        outage.count(now: time.monotonic)
        self.outage = outage
    }

    /// The pause before the next attempt; nil if no attempt follows.
    /// - Parameter failure: the failure of the newest attempt, which was already counted.
    func pause(after failure: EffectFailure) -> Duration? {
        guard failure.category.isRetriable else { return nil }
        guard let outage else {
            guard failures < policy.maxAttempts else { return nil }
            return policy.pause(
                afterFailure: failures, of: effect, call: call, attempt: effect.attempt, retryAfter: failure.retryAfter)
        }
        let left = policy.patience.milliseconds - outage.spent
        guard left > 0 else { return nil }
        let pause = policy.pause(
            afterOutage: outage.attempts, of: effect, call: call, attempt: effect.attempt,
            retryAfter: failure.retryAfter)
        // The last attempt is at the end of the time.
        return max(.milliseconds(1), min(pause, .milliseconds(left)))
    }

    /// The failure with which the effect ends if no attempt follows.
    func final(_ failure: EffectFailure) -> EffectFailure {
        guard let outage else { return failure }
        var failure = failure
        failure.code = failure.code ?? "unavailable"
        let seconds = (outage.spent + 999) / 1_000
        failure.message += " (\(outage.attempts) attempts in \(seconds) s)"
        return failure
    }
}
