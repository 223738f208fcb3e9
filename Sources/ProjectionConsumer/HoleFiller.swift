import Conversation
import Signals

/// Queries Convey for missing events, over the query topic or HTTP, and for all events if the broker has kept none for
/// this consumer. A pure value: it creates queries and processes answers.
struct HoleFiller {
    struct Question: Equatable {
        var number: UInt64
        var view: QueryView
        /// Empty if the view is not about a single conversation.
        var subject: String
        fileprivate var items: [Item]
        fileprivate var about: About
        fileprivate var askedAt: Int64

        /// The topic for the query.
        func topic(root: String) -> String { QueryTopic.topic(root: root, view: view, subject: subject) }

        /// The payload of the query: JSON.
        var payload: [UInt8] {
            var object = JSONObjectBuilder()
            for item in items { object.add(item.name, item.value) }
            return object.finish()
        }

        /// The path and query string for HTTP.
        var path: String {
            QueryPath.path(
                view: view, subject: subject, parameters: items.map { ("\($0.name)", $0.value) })
        }
    }

    fileprivate struct Item: Equatable {
        var name: StaticString
        var value: String

        static func == (one: Item, other: Item) -> Bool {
            one.value == other.value && "\(one.name)" == "\(other.name)"
        }
    }

    fileprivate enum About: Equatable {
        /// Sequences of a family, after one; up to `last`, or all.
        case events(subject: String, family: Family, last: Int64?)
        /// A page of the list of conversations.
        case conversations
    }

    /// A parsed answer.
    struct Answer {
        var events: [ConsumedEvent] = []
        /// Conversations whose events must be queried.
        var subjects: [String] = []
    }

    /// Maximum unanswered queries: the service answers 200 for all clients together.
    static let openLimit = 16
    static let pageSize = 500
    /// An unanswered query is repeated after this time.
    static let patienceMilliseconds: Int64 = 10_000

    private var open: [UInt64: Question] = [:]
    private var waiting: [(about: About, parameters: [(StaticString, String)])] = []
    private var asked: UInt64 = 0
    /// When a hole was last queried: a hole that Convey cannot fill must not be queried continuously.
    private var tried: [SequenceHole: Int64] = [:]
    private static let triedLimit = 10_000
    private static let retryMilliseconds: Int64 = 30_000

    var isIdle: Bool { open.isEmpty && waiting.isEmpty }
    /// Whether there is room for queries about holes.
    var hasRoom: Bool { open.count + waiting.count < Self.openLimit }

    /// Fills a hole, unless that is already in progress.
    mutating func fill(_ hole: SequenceHole, at now: Int64) {
        let about = About.events(subject: hole.subject, family: hole.family, last: hole.last)
        guard !isKnown(hole.subject, hole.family) else { return }
        if let last = tried[hole], now - last < Self.retryMilliseconds { return }
        if tried.count >= Self.triedLimit { tried.removeAll() }
        tried[hole] = now
        waiting.append((about, [("family", hole.family.name), ("after_sequence", String(hole.first - 1))]))
    }

    /// Queries all events after a sequence.
    mutating func follow(_ subject: String, _ family: Family, behind sequence: Int64) {
        let about = About.events(subject: subject, family: family, last: nil)
        waiting.append((about, [("family", family.name), ("after_sequence", String(sequence))]))
    }

    /// Queries all conversations.
    mutating func catchUp() {
        guard !open.values.contains(where: { $0.about == .conversations }) else { return }
        waiting.append((.conversations, []))
    }

    /// The queries to publish now.
    mutating func next(at now: Int64) -> [Question] {
        var questions: [Question] = []
        for (number, question) in open where now - question.askedAt > Self.patienceMilliseconds {
            open[number]?.askedAt = now
            questions.append(question)
        }
        while open.count < Self.openLimit, !waiting.isEmpty {
            let (about, parameters) = waiting.removeFirst()
            asked += 1
            let items = parameters.map { Item(name: $0, value: $1) } + [Item(name: "limit", value: "\(Self.pageSize)")]
            let (view, subject): (QueryView, String) =
                switch about {
                case .events(let subject, _, _): (.events, subject)
                case .conversations: (.conversations, "")
                }
            let question = Question(
                number: asked, view: view, subject: subject, items: items, about: about, askedAt: now)
            open[asked] = question
            questions.append(question)
        }
        return questions
    }

    /// Processes an answer; nil if it belongs to no query, or if the query must be repeated.
    mutating func take(_ payload: [UInt8], number: UInt64) -> Answer? {
        guard let question = open[number], let object = JSONObjectView(payload) else { return nil }
        if let error = object["error"]?.string {
            // What no longer exists will not arrive; any other error repeats the query.
            if error == "not_found" { open[number] = nil }
            return nil
        }
        open[number] = nil
        var answer = Answer()
        let next = object["next"]?.object
        switch question.about {
        case .events(_, let family, let last):
            answer.events = (object["events"]?.elements ?? []).compactMap { ConsumedEvent(payload: Array($0.raw)) }
            let highest = answer.events.map(\.sequence).max() ?? 0
            if let after = next?["after"], last.map({ highest < $0 }) ?? true {
                let offset = String(decoding: after.raw, as: UTF8.self)
                waiting.append((question.about, [("family", family.name), ("after", offset)]))
            }
        case .conversations:
            answer.subjects = (object["conversations"]?.elements ?? []).compactMap { $0.object?["subject"]?.string }
            if let cursor = next?["cursor"]?.string { waiting.append((.conversations, [("cursor", cursor)])) }
        }
        return answer
    }

    private func isKnown(_ subject: String, _ family: Family) -> Bool {
        let abouts = waiting.map(\.about) + open.values.map(\.about)
        return abouts.contains { about in
            switch about {
            case .events(let other, let otherFamily, _):
                ExactText(other) == ExactText(subject) && otherFamily == family
            case .conversations: false
            }
        }
    }
}
