import Conversation
import JournalPort
import Signals

/// The rules for the attempts at effects of one class.
public struct EffectPolicy: Sendable, Equatable {
    /// The treatment of an attempt that was running when the process ended.
    public enum AfterRestart: String, Sendable, CaseIterable {
        /// The next attempt starts, with the same idempotency key.
        case retry
        /// The effect fails.
        case fail
    }

    /// Maximum failed attempts, including the first one. An attempt that a restart ended does not count.
    public var maxAttempts: Int
    /// The pause before the second attempt. It doubles before each further one, up to `backoffLimit`.
    public var backoff: Duration
    public var backoffLimit: Duration
    /// Maximum time of one attempt.
    public var timeout: Duration
    /// The longest pause in an attempt's stream, including the time before its first piece.
    public var idleTimeout: Duration
    /// Maximum attempts of the class that run at once.
    public var maxConcurrent: Int
    /// Maximum effects of the class that wait for a free place. Another one fails.
    public var queueLimit: Int
    public var afterRestart: AfterRestart
    /// How long an effect waits for an unavailable model or tool without using up attempts. Nil means `timeout`; zero means that
    /// unavailability counts like any other failure.
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

    /// `unavailableFor`, or its default.
    package var patience: Duration { unavailableFor ?? timeout }

    package var limits: EffectLimits { EffectLimits(timeout: timeout, idleTimeout: idleTimeout) }

    /// The pause before the next attempt: at least what the provider asked for, and at most `backoffLimit`.
    ///
    /// The pause is between half and all of `backoff · 2^(failures - 1)`. A hash of the effect and the attempt selects the
    /// value in between. So effects that failed together do not retry together, and a replay waits equally long.
    /// The hash does not include the position, because a conversation behaves the same in every shard.
    package func pause(
        afterFailure failures: Int, of effect: OpenEffect, call: ToolCall?, attempt: Int, retryAfter: Duration?
    ) -> Duration {
        jittered(
            backoff, limit: backoffLimit, after: failures, of: effect, call: call, attempt: attempt,
            retryAfter: retryAfter)
    }

    /// The minimum of the first pause, and of the limit of pauses, during an outage. Each attempt is recorded, so a setting of zero must
    /// not cause a busy loop.
    private static let leastOutagePause = (first: Duration.milliseconds(500), limit: Duration.milliseconds(100))

    /// The pause before the next attempt during an outage.
    /// - Parameter attempts: the number of consecutive attempts that found the model or tool unavailable.
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
    /// The policy overridden by a signal's `effect_policy`: an object whose members `max_attempts`, `backoff_ms`,
    /// `timeout_ms`, `idle_timeout_ms` and `unavailable_for_ms` are whole numbers within the bounds. Ignores other members.
    ///
    /// - Throws: `EffectFailure` of category `config` that names the error.
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

    /// Maximum bytes of an `effect_policy`, because it is stored with each open effect.
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
    /// Whole milliseconds, rounded towards zero and clamped to the range of `Int64`.
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
