import EffectPort

/// The settings of one class of effects.
package struct PolicySettings: Sendable {
    package let maxAttempts: Setting<Int>
    package let backoff: Setting<Duration>
    package let backoffLimit: Setting<Duration>
    package let timeout: Setting<Duration>
    package let idleTimeout: Setting<Duration>
    package let maxConcurrent: Setting<Int>
    package let queueLimit: Setting<Int>
    package let afterRestart: Setting<EffectPolicy.AfterRestart>
    /// Nil for as long as one attempt may take.
    package let unavailableFor: Setting<Duration?>

    /// - Parameters:
    ///   - standard: the defaults.
    ///   - name: the class.
    ///   - what: an effect of the class in help.
    init(_ standard: EffectPolicy, of name: String, _ what: String) {
        let path = "effects.\(name)"
        let day = Duration.seconds(86_400)
        func text(_ duration: Duration) -> String { DurationText(duration).description }
        maxAttempts = Setting(
            "\(path).max_attempts", in: .effects, "COUNT", default: "\(standard.maxAttempts)",
            help: "Maximum attempts at \(what).", parse: ValueParsers.integer(1...100))
        backoff = Setting(
            "\(path).backoff", in: .effects, "DURATION", default: text(standard.backoff),
            help: "Delay before the second attempt; doubles with each further attempt, with jitter.",
            parse: ValueParsers.duration(.zero...day))
        backoffLimit = Setting(
            "\(path).backoff_limit", in: .effects, "DURATION", default: text(standard.backoffLimit),
            help: "Maximum delay between attempts, including one that a server asks for.",
            parse: ValueParsers.duration(.zero...day))
        timeout = Setting(
            "\(path).timeout", in: .effects, "DURATION", default: text(standard.timeout),
            help: "Time limit of one attempt.", parse: ValueParsers.duration(.milliseconds(1)...day))
        idleTimeout = Setting(
            "\(path).idle_timeout", in: .effects, "DURATION", default: text(standard.idleTimeout),
            help: "Time limit between two pieces of a stream.", parse: ValueParsers.duration(.milliseconds(1)...day))
        maxConcurrent = Setting(
            "\(path).max_concurrent", in: .effects, "COUNT", default: "\(standard.maxConcurrent)",
            help: "Maximum concurrent attempts.", parse: ValueParsers.integer(1...100_000))
        queueLimit = Setting(
            "\(path).queue_limit", in: .effects, "COUNT", default: "\(standard.queueLimit)",
            help: "Maximum effects that wait to run; further ones fail.",
            parse: ValueParsers.integer(1...10_000_000))
        afterRestart = Setting(
            "\(path).after_restart", in: .effects, "WHAT", default: standard.afterRestart.rawValue,
            help: "What to do with an attempt that a restart interrupted: retry or fail.",
            parse: ValueParsers.choice(EffectPolicy.AfterRestart.self))
        let read = ValueParsers.duration(.zero...day)
        unavailableFor = Setting(
            "\(path).unavailable_for", in: .effects, "DURATION", default: standard.unavailableFor.map(text),
            note: standard.unavailableFor == nil ? "the timeout" : nil,
            help:
                "How long \(what) waits for what is not there (no connection, no worker, 429, 502 to 504) without using up attempts; 0s counts it as a failure.",
            parse: { (text: String) throws(InvalidValue) -> Duration? in try read(text) })
    }

    package var keys: [SettingKey] {
        [
            maxAttempts.key, backoff.key, backoffLimit.key, timeout.key, idleTimeout.key, maxConcurrent.key,
            queueLimit.key, afterRestart.key, unavailableFor.key,
        ]
    }

    func read(_ resolver: inout SettingsResolver) -> EffectPolicy {
        EffectPolicy(
            maxAttempts: resolver.value(maxAttempts), backoff: resolver.value(backoff),
            backoffLimit: resolver.value(backoffLimit), timeout: resolver.value(timeout),
            idleTimeout: resolver.value(idleTimeout), maxConcurrent: resolver.value(maxConcurrent),
            queueLimit: resolver.value(queueLimit), afterRestart: resolver.value(afterRestart),
            unavailableFor: resolver.value(unavailableFor))
    }
}
