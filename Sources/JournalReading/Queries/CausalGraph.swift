import JournalPort
import Signals

/// The causal relations between the signals of a conversation, built from its links.
struct CausalGraph {
    /// Offsets and ids. Markers are not signals here, only information about one.
    private(set) var signals: [RecordLink] = []
    private(set) var markers: [Position: RecordLink] = [:]
    private let ids: DerivedIDs
    private var byID: [ExactText: Int] = [:]
    private var byPosition: [Position: Int] = [:]
    private var children: [Int: [Int]] = [:]

    /// - Parameters:
    ///   - links: ascending.
    ///   - ids: of the conversation's shard.
    init(_ links: [RecordLink], ids: DerivedIDs) {
        self.ids = ids
        for link in links {
            switch link.content {
            case .signal, .removed:
                byPosition[link.position] = signals.count
                // If several have one id, the first counts; for the scheduler any of them would do.
                if let id = link.signalID.map({ ExactText($0) }), byID[id] == nil { byID[id] = signals.count }
                signals.append(link)
            case .marker(let marker): markers[marker.appliedPosition] = link
            case .unreadable: break
            }
        }
        for index in signals.indices {
            if let cause = cause(of: index), cause != index { children[cause, default: []].append(index) }
        }
    }

    func find(_ id: String) -> Int? {
        if let position = ids.appliedPosition(marker: id), byID[ExactText(id)] == nil {
            return byPosition[position]
        }
        return byID[ExactText(id)]
    }

    /// The signal named as cause; a marker counts as the signal that it refers to.
    func cause(of index: Int) -> Int? {
        guard case .signal(_, _, .signal(let id)) = signals[index].content else { return nil }
        return find(id)
    }

    /// Starts with the first cause; does not contain the signal itself.
    func ancestors(of index: Int, limit: Int) -> [Int] {
        var chain: [Int] = []
        var seen: Set<Int> = [index]
        var next = cause(of: index)
        while let cause = next, chain.count < limit, seen.insert(cause).inserted {
            chain.append(cause)
            next = self.cause(of: cause)
        }
        return chain.reversed()
    }

    /// The consequences, each with its distance, every signal directly followed by its own consequences.
    func descendants(of index: Int, limit: Int) -> [(index: Int, depth: Int)] {
        var found: [(index: Int, depth: Int)] = []
        var seen: Set<Int> = [index]
        var waiting = (children[index] ?? []).reversed().map { ($0, 1) }
        while let (next, depth) = waiting.popLast(), found.count < limit {
            guard seen.insert(next).inserted else { continue }
            found.append((next, depth))
            waiting += (children[next] ?? []).reversed().map { ($0, depth + 1) }
        }
        return found
    }
}
