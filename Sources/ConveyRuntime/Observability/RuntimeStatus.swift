import Conversation

/// What the runtime is doing right now, part by part. `/readyz` and `convey health` are made from it.
public struct RuntimeStatus: Sendable, Equatable {
    /// The journal's file.
    public enum Journal: Sendable, Equatable {
        case opening
        case open
        /// It cannot be written (disk full, I/O error) or could not be opened; the message says which.
        case failed(String)
    }

    /// The session with the broker.
    public enum Broker: Sendable, Equatable {
        /// Not connected; the message says what was tried last and why it did not work.
        case connecting(String)
        case connected
    }

    /// The work that a start-up takes up again: what is recorded and not applied, effects without an end.
    public enum Recovery: Sendable, Equatable {
        case running
        case done
    }

    /// Whether signals are read from the broker. A pause is back-pressure, not a fault: the runtime stays ready.
    public enum Ingress: Sendable, Equatable {
        case running
        case paused(String)
    }

    /// What the background verification has found. A difference is for a person to look at: the runtime goes on.
    public enum Verification: Sendable, Equatable {
        case notYet
        case sound
        case difference(String)
    }

    public var journal: Journal
    public var broker: Broker
    public var recovery: Recovery
    public var ingress: Ingress
    public var verification: Verification
    /// Conversations that cannot be loaded. The others are served: the runtime stays ready.
    public var setAside: [SetAsideConversation] = []

    public init(
        journal: Journal, broker: Broker, recovery: Recovery, ingress: Ingress, verification: Verification = .notYet
    ) {
        self.journal = journal
        self.broker = broker
        self.recovery = recovery
        self.ingress = ingress
        self.verification = verification
    }

    /// A runtime that has only just been made.
    public static let starting = RuntimeStatus(
        journal: .opening, broker: .connecting("not tried yet"), recovery: .running, ingress: .running)

    /// Whether it takes signals and answers them: journal open, broker session up, recovery done.
    public var isReady: Bool { journal == .open && broker == .connected && recovery == .done }

    /// One part of the runtime, for a person or a probe.
    public struct Part: Sendable, Equatable {
        /// `journal`, `broker`, `recovery`, `ingress`, `verification` or `conversations`.
        public let name: String
        public let isReady: Bool
        /// A few words: `open`, `connecting: connection refused`.
        public let words: String
    }

    /// Every part with its state, in the order in which a start-up brings them up.
    public var parts: [Part] { [journalPart, recoveryPart, brokerPart, ingressPart] + verificationPart + setAsidePart }

    /// The parts as lines of text: `journal: open`.
    public var lines: [String] { parts.map { "\($0.name): \($0.words)" } }

    private var journalPart: Part {
        switch journal {
        case .opening: Part(name: "journal", isReady: false, words: "opening")
        case .open: Part(name: "journal", isReady: true, words: "open")
        case .failed(let message): Part(name: "journal", isReady: false, words: "failed: \(message)")
        }
    }

    private var brokerPart: Part {
        switch broker {
        case .connecting(let message): Part(name: "broker", isReady: false, words: "connecting: \(message)")
        case .connected: Part(name: "broker", isReady: true, words: "connected")
        }
    }

    private var recoveryPart: Part {
        switch recovery {
        case .running: Part(name: "recovery", isReady: false, words: "running")
        case .done: Part(name: "recovery", isReady: true, words: "done")
        }
    }

    private var ingressPart: Part {
        switch ingress {
        case .running: Part(name: "ingress", isReady: true, words: "running")
        case .paused(let reason): Part(name: "ingress", isReady: true, words: "paused: \(reason)")
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

    /// Conversations named in one line.
    private static let namedLimit = 5

    /// Only a difference is worth a line. It does not make the runtime less ready: what it takes in is recorded.
    private var verificationPart: [Part] {
        switch verification {
        case .notYet, .sound: []
        case .difference(let text): [Part(name: "verification", isReady: true, words: "difference: \(text)")]
        }
    }
}
