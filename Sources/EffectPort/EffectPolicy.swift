import Conversation
import JournalPort
import Signals

/// How effects of a class are tried.
public struct EffectPolicy: Sendable, Equatable {
    /// What becomes of an attempt that was running when the process ended.
    public enum AfterRestart: String, Sendable, CaseIterable {
        /// The next attempt is made, with the same idempotency key.
        case retry
        /// The effect fails.
        case fail
    }

    /// Attempts that may fail, the first included. One that a restart ended does not count.
    public var maxAttempts: Int
    /// Before the second attempt; doubled before each further one, up to `backoffLimit`.
    public var backoff: Duration
    public var backoffLimit: Duration
    /// One attempt.
    public var timeout: Duration
    /// The longest pause in an attempt's stream, its first piece included.
    public var idleTimeout: Duration
    /// Attempts of the class that run at once.
    public var maxConcurrent: Int
    /// Effects of the class that wait for a free place; a further one fails.
    public var queueLimit: Int
    public var afterRestart: AfterRestart
    /// How long an effect waits for what is not there, without using up attempts; nil for as long as one attempt may take, zero to count
    /// it like any other failure.
    public var unavailableFor: Duration?

    public init(
        maxAttempts: Int = 3, backoff: Duration = .milliseconds(500), backoffLimit: Duration = .seconds(30),
        timeout: Duration = .seconds(600), idleTimeout: Duration = .seconds(60), maxConcurrent: Int = 1_000,
        queueLimit: Int = 100_000, afterRestart: AfterRestart = .retry, unavailableFor: Duration? = nil
    ) {
        self.maxAttempts = maxAttempts
        self.backoff = backoff
        self.backoffLimit = backoffLimit
        self.timeout = timeout
        self.idleTimeout = idleTimeout
        self.maxConcurrent = maxConcurrent
        self.queueLimit = queueLimit
        self.afterRestart = afterRestart
        self.unavailableFor = unavailableFor
    }

    /// `unavailableFor`, worked out.
    package var patience: Duration { unavailableFor ?? timeout }

    package var limits: EffectLimits { EffectLimits(timeout: timeout, idleTimeout: idleTimeout) }

    /// The pause before the next attempt: at least what the provider asked for, and at most `backoffLimit`.
    ///
    /// Between half and all of `backoff · 2^(failures - 1)`. Where in between follows from the effect and the attempt, so
    /// that those which failed together do not come back together, and a replay waits as long.
    /// The position takes no part: a conversation is the same whatever shard it is in.
    package func pause(
        afterFailure failures: Int, of effect: OpenEffect, call: ToolCall?, attempt: Int, retryAfter: Duration?
    ) -> Duration {
        jittered(
            backoff, limit: backoffLimit, after: failures, of: effect, call: call, attempt: attempt,
            retryAfter: retryAfter)
    }

    /// The shortest first pause, and the shortest limit of pauses, while something is not there: each look is recorded, and a zero must
    /// not make a loop of it.
    private static let leastOutagePause = (first: Duration.milliseconds(500), limit: Duration.milliseconds(100))

    /// The pause before the next look for what is not there.
    /// - Parameter attempts: that have met nothing, in a row.
    package func pause(
        afterOutage attempts: Int, of effect: OpenEffect, call: ToolCall?, attempt: Int, retryAfter: Duration?
    ) -> Duration {
        jittered(
            max(backoff, Self.leastOutagePause.first), limit: max(backoffLimit, Self.leastOutagePause.limit),
            after: attempts,
            of: effect, call: call, attempt: attempt, retryAfter: retryAfter)
    }

    private func jittered(
        _ first: Duration, limit: Duration, after failures: Int, of effect: OpenEffect, call: ToolCall?, attempt: Int,
        retryAfter: Duration?
    ) -> Duration {
        let doublings = min(max(failures - 1, 0), 30)
        let full = min(first * (1 << doublings), limit)
        var hash = StableHash()
        hash.combine(effect.subject)
        hash.combine(effect.answers ?? effect.effectID)
        hash.combine(call?.id ?? "")
        hash.combine(UInt64(effect.round))
        hash.combine(UInt64(attempt))
        let jittered = full / 2 + full * Int(hash.value % 1_024) / 2_048
        return max(jittered, min(retryAfter ?? .zero, backoffLimit))
    }
}

extension EffectPolicy {
    /// The policy with a signal's `effect_policy` over it: an object whose members `max_attempts`, `backoff_ms`,
    /// `timeout_ms`, `idle_timeout_ms` and `unavailable_for_ms` are whole numbers within the bounds. Other members are left alone.
    ///
    /// - Throws: `EffectFailure` of category `config` that names what is wrong.
    package func overridden(by spelled: [UInt8]?, bounds: EffectPolicyBounds) throws(EffectFailure) -> EffectPolicy {
        guard let spelled else { return self }
        guard spelled.count <= Self.overrideLimit else {
            throw EffectFailure(.config, "effect_policy has more than \(Self.overrideLimit) bytes")
        }
        guard let members = JSONObjectView(spelled) else {
            throw EffectFailure(.config, "effect_policy must be an object, like {\"max_attempts\":1}")
        }
        var policy = self
        if let value = members["max_attempts"] {
            policy.maxAttempts = try Self.number(value, "max_attempts", 1...bounds.maxAttempts)
        }
        if let value = members["backoff_ms"] {
            policy.backoff = try Self.duration(value, "backoff_ms", from: 0, bounds.backoff)
            policy.backoffLimit = max(policy.backoffLimit, policy.backoff)
        }
        if let value = members["timeout_ms"] {
            policy.timeout = try Self.duration(value, "timeout_ms", from: 1, bounds.timeout)
        }
        if let value = members["idle_timeout_ms"] {
            policy.idleTimeout = try Self.duration(value, "idle_timeout_ms", from: 1, bounds.timeout)
        }
        if let value = members["unavailable_for_ms"] {
            policy.unavailableFor = try Self.duration(value, "unavailable_for_ms", from: 0, bounds.timeout)
        }
        return policy
    }

    /// Bytes of an `effect_policy`: it is kept with each open effect.
    private static let overrideLimit = 4_096

    private static func duration(
        _ value: JSONSlice, _ name: String, from least: Int, _ most: Duration
    ) throws(EffectFailure) -> Duration {
        .milliseconds(try number(value, name, least...Int(most.milliseconds)))
    }

    private static func number(
        _ value: JSONSlice, _ name: String, _ range: ClosedRange<Int>
    ) throws(EffectFailure) -> Int {
        guard let number = value.integer, range.contains(number) else {
            throw EffectFailure(
                .config,
                "effect_policy.\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero; the end of the range for what is beyond it.
    package var milliseconds: Int64 {
        let (seconds, overflows) = components.seconds.multipliedReportingOverflow(by: 1_000)
        let (sum, isBeyond) = seconds.addingReportingOverflow(components.attoseconds / 1_000_000_000_000_000)
        return overflows || isBeyond ? (components.seconds < 0 ? .min : .max) : sum
    }
}

extension JSONSlice {
    /// A whole number; nil for anything else.
    package var integer: Int? { kind == .integer ? Int(String(decoding: raw, as: UTF8.self)) : nil }
}
