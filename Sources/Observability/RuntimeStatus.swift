import Signals
import Threads

/// The current state of the runtime, part by part. The source of `/readyz` and `convey health`.
public struct RuntimeStatus: Sendable, Equatable {
    /// The journal's file.
    public enum Journal: Sendable, Equatable {
        case opening
        case open
        /// Another node owns it; the message says which. This one takes over when that one ends.
        case standby(String)
        /// It cannot be written (disk full, I/O error) or could not be opened; the message says which.
        case failed(String)
    }

    /// The session with the broker.
    public enum Broker: Sendable, Equatable {
        /// Not connected; the message describes the last attempt and why it failed.
        case connecting(String)
        case connected
        /// Connected, but nothing arrives any more, not even answers.
        case silent(String)
        /// The connection has ended while ingress pauses; the next one is opened after the pause. The broker keeps new
        /// messages.
        case pausing(String)
    }

    /// The connection for outbound events.
    public enum Outbox: Sendable, Equatable {
        case starting
        case connecting(String)
        case publishing
        /// Connected, but nothing arrives any more, not even answers.
        case silent(String)
    }

    /// The work with which a start-up continues: signals recorded but not applied, and open effects.
    public enum Recovery: Sendable, Equatable {
        case running
        case done
    }

    /// Whether signals are read from the broker. A pause is back-pressure, not a fault: the runtime stays ready.
    public enum Ingress: Sendable, Equatable {
        case starting
        case running
        case paused(String)
        /// Reading has ended: Convey is stopping.
        case stopped
    }

    /// The result of the background verification. A person must look at a difference; the runtime continues.
    public enum Verification: Sendable, Equatable {
        case notYet
        case sound
        case difference(String)
    }

    /// The journal as a whole. If it has several shards, readiness follows `shards` as soon as there are any.
    public var journal: Journal
    /// The shards, by index; empty until the journal's layout is known.
    public var shards: [ShardStatus] = []
    public var broker: Broker
    public var recovery: Recovery
    public var ingress: Ingress
    public var outbox: Outbox
    /// Why waiting events make no progress; nil if they do, or if none waits.
    public var outboxStall: String?
    public var verification: Verification
    /// Conversations that cannot be loaded. The others are served: the runtime stays ready.
    public var setAside: [SetAsideConversation] = []
    /// The running long-lived threads, with the ages of their beats.
    public var threads: [ThreadAge]

    public init(
        journal: Journal, broker: Broker, recovery: Recovery, ingress: Ingress, outbox: Outbox = .publishing,
        outboxStall: String? = nil, verification: Verification = .notYet, threads: [ThreadAge] = []
    ) {
        self.journal = journal
        self.broker = broker
        self.recovery = recovery
        self.ingress = ingress
        self.outbox = outbox
        self.outboxStall = outboxStall
        self.verification = verification
        self.threads = threads
    }

    /// A runtime that has just been created.
    public static let starting = RuntimeStatus(
        journal: .opening, broker: .connecting("not tried yet"), recovery: .running, ingress: .starting,
        outbox: .starting)

    /// Whether it accepts and answers signals: every part is ready.
    public var isReady: Bool { parts.allSatisfy(\.isReady) }

    /// Whether another node owns the journal.
    public var isStandby: Bool {
        if case .standby = journal { return true }
        return false
    }

    /// Whether all threads respond. If not, only a restart helps.
    public var isAlive: Bool { !threads.contains(where: \.isOverdue) }

    /// One part of the runtime, for a person or a probe.
    public struct Part: Sendable, Equatable {
        /// `journal`, `recovery`, `engine`, `broker`, `ingress`, `outbox`, `threads`, `verification` or `conversations`.
        public let name: String
        public let isReady: Bool
        /// A few words: `open`, `connecting: connection refused`.
        public let words: String
    }

    /// Every part with its state, in the order in which a start-up brings them up.
    public var parts: [Part] {
        // A node that waits is ready to take over; it has no connection to the broker.
        if case .standby = journal { return [journalPart] + threadsPart }
        return [journalPart, recoveryPart, enginePart, brokerPart, ingressPart, outboxPart] + threadsPart
            + verificationPart
            + setAsidePart
    }

    /// The parts as lines of text: `journal: open`.
    public var lines: [String] { parts.map { "\($0.name): \($0.words)" } }

    private var journalPart: Part {
        if shards.count > 1, journal == .open { return shardsPart }
        return switch journal {
        case .opening: Part(name: "journal", isReady: false, words: "opening")
        case .open: Part(name: "journal", isReady: true, words: "open")
        case .standby(let owner): Part(name: "journal", isReady: true, words: "standby: \(owner)")
        case .failed(let message): Part(name: "journal", isReady: false, words: "failed: \(message)")
        }
    }

    /// Both connections: one for signals, the other for events.
    private var brokerPart: Part {
        switch (broker, outbox) {
        case (.connecting(let message), _):
            Part(name: "broker", isReady: false, words: "connecting: \(message)")
        case (.silent(let message), _):
            Part(name: "broker", isReady: false, words: "silent: \(message)")
        case (.connected, .connecting(let message)), (.pausing, .connecting(let message)):
            Part(name: "broker", isReady: false, words: "connecting for events: \(message)")
        case (.connected, .silent(let message)), (.pausing, .silent(let message)):
            Part(name: "broker", isReady: false, words: "silent: \(message)")
        case (.pausing(let reason), .starting), (.pausing(let reason), .publishing):
            Part(name: "broker", isReady: true, words: "not connected while paused: \(reason)")
        case (.connected, .starting), (.connected, .publishing):
            Part(name: "broker", isReady: true, words: "connected")
        }
    }

    /// `recovery` reports a slow start-up.
    private var enginePart: Part {
        guard let engine = threads.first(where: { $0.isEngine && $0.seconds > BeatLimits.engineReady }),
            recovery == .done
        else { return Part(name: "engine", isReady: true, words: "running") }
        return Part(
            name: "engine", isReady: false,
            words: "has not responded for \(Int(engine.seconds)) s: signals are not recorded meanwhile")
    }

    private var outboxPart: Part {
        if let outboxStall { return Part(name: "outbox", isReady: false, words: "stalled: \(outboxStall)") }
        switch outbox {
        case .starting: return Part(name: "outbox", isReady: false, words: "not started")
        case .connecting, .silent: return Part(name: "outbox", isReady: true, words: "waiting for the broker")
        case .publishing: return Part(name: "outbox", isReady: true, words: "publishing")
        }
    }

    /// Only a thread that hangs is listed.
    private var threadsPart: [Part] {
        let overdue = threads.filter(\.isOverdue)
        guard !overdue.isEmpty else { return [] }
        let words = overdue.map { "\($0.name) \($0.words)" }.joined(separator: "; ")
        return [Part(name: "threads", isReady: false, words: words)]
    }

    private var recoveryPart: Part {
        switch recovery {
        case .running: Part(name: "recovery", isReady: false, words: "running")
        case .done: Part(name: "recovery", isReady: true, words: "done")
        }
    }

    private var ingressPart: Part {
        switch ingress {
        case .starting: Part(name: "ingress", isReady: false, words: "not started")
        case .running: Part(name: "ingress", isReady: true, words: "running")
        case .paused(let reason): Part(name: "ingress", isReady: true, words: "paused: \(reason)")
        case .stopped: Part(name: "ingress", isReady: false, words: "stopped: Convey is stopping")
        }
    }

    /// Why a conversation is set aside; nil for one that is not.
    public func setAsideReason(of subject: String) -> String? {
        setAside.isEmpty ? nil : setAside.first { $0.subject.map { ExactText($0) } == ExactText(subject) }?.reason
    }

    private var setAsidePart: [Part] {
        guard !setAside.isEmpty else { return [] }
        let named = setAside.prefix(Self.namedLimit).map { "\($0.subject ?? "one without a name") (\($0.reason))" }
        let more = setAside.count > named.count ? "; …" : ""
        return [
            Part(
                name: "conversations", isReady: true,
                words: "\(setAside.count) set aside: \(named.joined(separator: "; "))\(more)")
        ]
    }

    /// Maximum conversations named in one line.
    private static let namedLimit = 5

    /// Only a difference is listed. It does not affect readiness: signals are still recorded.
    private var verificationPart: [Part] {
        switch verification {
        case .notYet, .sound: []
        case .difference(let text): [Part(name: "verification", isReady: true, words: "difference: \(text)")]
        }
    }
}

extension ThreadAge {
    /// `engine` for the first shard, `engine-1` for the next.
    fileprivate var isEngine: Bool { name == "engine" || name.hasPrefix("engine-") }
}
