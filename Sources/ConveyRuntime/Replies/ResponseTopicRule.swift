/// The Response Topics (MQTT 5, 3.3.2.3.5) on which Convey answers, for receipts and for answers to queries (ADR 31).
///
/// Convey may publish where a client may not, and a topic at which the broker closes the connection costs all clients
/// time. So a client may choose only among the topics that the operator allows, and never one that `isForbidden` names.
public struct ResponseTopicRule: Sendable, Equatable {
    /// Maximum levels of a response topic. mosquitto closes the connection beyond 200, others beyond 128.
    public static let levelLimit = 64
    /// UTF-8 bytes of an MQTT string (MQTT 5, 1.5.4).
    static let byteLimit = 65_535
    /// For every client, whatever conversation it writes to.
    public static let open = ["{root}/receipt/#"]
    /// Only below the subject to which the client has just written, so that the broker's access rules for subjects also
    /// hold for receipts.
    public static let bound = ["{root}/receipt/{subject}/#"]

    private enum Level: Sendable, Equatable {
        case text(String)
        /// `+`
        case any
        /// `{subject}`: as spelled in the topic of the answered message.
        case subject
        /// `#`
        case rest
    }

    /// Trees below the root in which clients must not make Convey publish.
    private static let ownTrees: Set<Substring> = [
        "in", "ingest", "out", "effect", "applied", "audit", "tool", "query", "status",
    ]

    private let root: String
    private let allowed: [[Level]]

    /// - Parameter patterns: topic filters already checked with `fault(inPattern:)`.
    public init(root: String, patterns: [String]) {
        self.root = root
        allowed = patterns.map { Self.levels(of: $0, root: root) }
    }

    /// Why a text is not a pattern of response topics; nil if it is one: a topic filter (MQTT 5, 4.7.1), optionally
    /// with `{root}` as its first level or `{subject}` as any level.
    public static func fault(inPattern pattern: String) -> String? {
        let levels = pattern.split(separator: "/", omittingEmptySubsequences: false)
        if pattern.isEmpty { return "is empty" }
        if pattern.hasPrefix("$") { return "begins with $: such topics are the broker's own" }
        if levels.count > levelLimit { return "has more than \(levelLimit) levels" }
        for (index, level) in levels.enumerated() {
            switch level {
            case "+", "{subject}": break
            case "{root}": if index > 0 { return "has {root} after the beginning" }
            case "#": if index != levels.count - 1 { return "has # before the end" }
            default:
                if level.contains(where: { "+#{}".contains($0) }) || level.unicodeScalars.contains(where: isControl) {
                    return "has \"\(level)\", but + # {root} {subject} must be whole levels"
                }
            }
        }
        return nil
    }

    /// Whether Convey answers on `topic` to the client that published to `messageTopic`.
    public func allows(_ topic: String, for messageTopic: String) -> Bool {
        guard !isForbidden(topic) else { return false }
        let levels = topic.split(separator: "/", omittingEmptySubsequences: false)
        guard levels.count <= Self.levelLimit else { return false }
        let subject = subjectLevel(of: messageTopic)
        return allowed.contains { Self.matches(levels, $0, subject: subject) }
    }

    /// Forbidden in any configuration: empty, too long, with wildcards or control characters, the broker's own (`$SYS`,
    /// `$share`), or in one of Convey's own trees.
    private func isForbidden(_ topic: String) -> Bool {
        if topic.isEmpty || topic.hasPrefix("$") || topic.utf8.count > Self.byteLimit { return true }
        if topic.unicodeScalars.contains(where: { $0 == "+" || $0 == "#" || Self.isControl($0) }) { return true }
        guard let below = rest(of: topic) else { return false }
        return Self.ownTrees.contains(below.prefix { $0 != "/" })
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }

    /// The third level of `{root}/{family}/{subject}/…`, as spelled there.
    private func subjectLevel(of messageTopic: String) -> Substring? {
        guard let below = rest(of: messageTopic) else { return nil }
        let levels = below.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        return levels.count > 1 && !levels[1].isEmpty ? levels[1] : nil
    }

    /// The text after `{root}/`. Compares bytes: `==` would also accept another Unicode spelling of the root.
    private func rest(of topic: String) -> Substring? {
        guard topic.utf8.starts(with: root.utf8), topic.utf8.dropFirst(root.utf8.count).first == UInt8(ascii: "/")
        else {
            return nil
        }
        return Substring(topic.utf8.dropFirst(root.utf8.count + 1))
    }

    private static func levels(of pattern: String, root: String) -> [Level] {
        pattern.split(separator: "/", omittingEmptySubsequences: false).flatMap { level -> [Level] in
            switch level {
            case "{root}": root.split(separator: "/", omittingEmptySubsequences: false).map { .text(String($0)) }
            case "{subject}": [.subject]
            case "+": [.any]
            case "#": [.rest]
            default: [.text(String(level))]
            }
        }
    }

    private static func matches(_ topic: [Substring], _ pattern: [Level], subject: Substring?) -> Bool {
        for (index, level) in pattern.enumerated() {
            // `#` also matches the level above it (MQTT 5, 4.7.1.2).
            if level == .rest { return true }
            guard index < topic.count else { return false }
            let isMatch =
                switch level {
                case .text(let text): text.utf8.elementsEqual(topic[index].utf8)
                case .subject: subject.map { $0.utf8.elementsEqual(topic[index].utf8) } ?? false
                case .any, .rest: true
                }
            guard isMatch else { return false }
        }
        return pattern.count == topic.count
    }
}
