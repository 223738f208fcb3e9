import JournalPort
import Signals
import Synchronization

/// The shards of a journal in memory, with one disk per shard: the data that survive a crash of the simulated process.
///
/// Invariant: belongs to one thread, like the journals that it opens; the simulation has one.
public final class SimulatedStore: JournalStore, @unchecked Sendable {
    public let disks: [SimulatedDisk]
    /// Shards whose disk cannot be opened now.
    public var broken: Set<Int> = []

    public init(partitionCount: Int, shards: Int) {
        disks = (0..<shards).map { index in
            // Made from the index, so that a seed always gives the same ids.
            let letters = Array("abcdefghijklmnopqrstuvwxyz")
            return SimulatedDisk(
                partitionCount: partitionCount, shard: index, of: shards,
                tag: "sim" + String(letters[index / 26]) + String(letters[index % 26]))
        }
    }

    /// The shard of a conversation's signals.
    public func shard(ofSubject subject: String) -> Int {
        StableHash.partition(of: subject, count: disks[0].partitionCount) % disks.count
    }

    package func check() throws(JournalError) {}

    package func layout() throws(JournalError) -> JournalLayout {
        JournalLayout(partitions: disks[0].partitionCount, shards: disks.count)
    }

    package func prepare() throws(JournalError) -> JournalLayout { try layout() }

    package func openWriter(shard: Int) throws(JournalError) -> any Journal { try open(shard) }

    package func openReader(shard: Int) throws(JournalError) -> any JournalReader & Sendable { try open(shard) }

    package func openVerifier(shard: Int) throws(JournalError) -> any VerifiableJournal & Sendable { try open(shard) }

    /// The journal of a shard, in which a test can cause faults.
    public func open(_ shard: Int) throws(JournalError) -> SimulatedJournal {
        guard !broken.contains(shard) else { throw JournalError(.inputOutput, "shard \(shard): simulated") }
        return SimulatedJournal(disks[shard])
    }
}
