import Conversation
import JournalPort
import Signals

/// The journals from which a list is built.
struct ShardJournals {
    /// The number of shards.
    let count: Int
    let deadline: QueryDeadline
    /// Readers of the readable shards, in the order of the shards.
    var readers: [any JournalReader] = []
    /// The other shards, ascending.
    var unreadable: [Int] = []

    init(count: Int, deadline: QueryDeadline) {
        self.count = count
        self.deadline = deadline
    }

    /// The answer of a view that is not about a single conversation.
    func list(_ request: QueryRequest, _ limits: QueryLimits) throws(ShardFailure) -> [UInt8] {
        switch request.view {
        case .conversations: try ConversationList(journals: self, request: request, limits: limits).answer()
        case .effects: try EffectList(journals: self, request: request, limits: limits).answer()
        case .timeline, .context, .events, .state, .trace:
            preconditionFailure("\(request.view) is about one conversation")
        }
    }

    /// Reads from one journal, if there is time.
    func read<Value>(
        _ reader: any JournalReader, _ body: (any JournalReader) throws(JournalError) -> Value
    ) throws(ShardFailure) -> Value {
        if let error = deadline.error { throw .query(error) }
        do { return try body(reader) } catch { throw .journal(error, shard: reader.shard.index) }
    }

    /// The next element of a shard's list.
    enum Next<Element> {
        case element(Element)
        case end
        /// Not read far enough to know.
        case unknown
    }

    /// Merges the lists of the shards: of the next elements of all lists, it takes the first in order.
    /// - Parameter take: called with the list whose next element is taken.
    /// - Returns: up to `limit` elements; fewer if all lists end or one of them does not know its next element.
    static func merge<List, Element, Failure: Error>(
        _ lists: inout [List], limit: Int, isBefore: (Element, Element) -> Bool,
        next: (inout List) throws(Failure) -> Next<Element>, take: (inout List) -> Void
    ) throws(Failure) -> [Element] {
        var merged: [Element] = []
        while merged.count < limit {
            var best: (index: Int, element: Element)?
            for index in lists.indices {
                switch try next(&lists[index]) {
                case .unknown: return merged
                case .end: continue
                case .element(let element):
                    if let best, !isBefore(element, best.element) { continue }
                    best = (index, element)
                }
            }
            guard let best else { break }
            merged.append(best.element)
            take(&lists[best.index])
        }
        return merged
    }

    /// Writes `{"NAME":[…],"unreadable_shards":[…],"next":{"cursor":…}}`, the last two only if they are not empty.
    func encode<Element>(
        _ name: StaticString, _ elements: [Element], next: String?,
        _ write: (Element, inout JSONObjectBuilder) -> Void
    ) -> [UInt8] {
        var list: [UInt8] = [UInt8(ascii: "[")]
        for (index, element) in elements.enumerated() {
            if index > 0 { list.append(UInt8(ascii: ",")) }
            JSONObjectBuilder.append(to: &list) { write(element, &$0) }
        }
        list.append(UInt8(ascii: "]"))
        var answer = JSONObjectBuilder(reservingCapacity: list.count + 64)
        answer.add(name, json: list)
        answer.add(unreadableShards: unreadable)
        if let next { answer.add("next") { $0.add("cursor", next) } }
        return answer.finish()
    }
}
