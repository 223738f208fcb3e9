import Conversation
import JournalPort
import Signals

/// Compares the events that a consumer has seen with the journal. A WAL that was damaged or lost at its end leaves a
/// consistent journal; only consumers that have seen the events know that there were more.
extension JournalReader {
    /// - Parameters:
    ///   - sequence: the highest sequence that a consumer has seen in a family of a conversation's events.
    ///   - consumer: names the consumer in the difference.
    /// - Returns: nil if the journal has recorded as much.
    package func difference(
        afterSeeing sequence: Int64, of family: Family, _ subject: String, by consumer: String
    ) throws(JournalError) -> JournalDifference? {
        let recorded = try newestSequence(of: family, subject)
        guard sequence > recorded else { return nil }
        return JournalDifference(
            .position,
            "\(consumer) has seen \(family.name) sequence \(sequence), but the journal ends at \(recorded): records at its end "
                + "are lost",
            subject: subject)
    }

    private func newestSequence(of family: Family, _ subject: String) throws(JournalError) -> Int64 {
        guard let head = try head(subject: subject) else { return 0 }
        var next = head.position
        while next > .start {
            let links = try links(from: next, limit: 64)
            if let newest = links.first(where: { $0.family == family }) { return newest.sequence }
            next = links.last?.previous ?? .start
        }
        return 0
    }
}
