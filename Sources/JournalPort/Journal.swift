import Signals

/// The append-only record of every signal, and what is derived from it to find things by key.
///
/// Belongs to one thread. `commit` is the only call that writes. Having one is owning its shard: a journal that several processes can
/// open takes the shard over when it is opened, and refuses each write after another process has taken it over (`ownedElsewhere`).
public protocol Journal: RecoverableJournal {
    /// Makes a batch durable, whole or not at all; durable means that it survives power loss once this has returned. An
    /// empty batch ends a transaction that look-ups have begun.
    func commit(_ batch: JournalBatch) throws(JournalError)
    /// Throws when nothing can be written at the moment (disk full, I/O error, another writer). After an error, a journal behind a
    /// network connects and takes its shard over again here.
    func probe() throws(JournalError)
    /// Throws `displaced` when what is committed would not be found again, because the files are not where they were opened, and
    /// `ownedElsewhere` when the shard was lost. `commit` looks by itself, before it returns. To be called often: it also keeps the lease.
    func confirmInPlace() throws(JournalError)
    /// Gives the shard up, so that another process need not wait for the lease to run out. The journal cannot be used afterwards.
    func release()
    /// A reader for another thread, over a connection of its own.
    func makeReader() throws(JournalError) -> any JournalReader & Sendable
    /// Size on disk in bytes, where that means something.
    var bytes: Int { get }
    /// Nil where no other process can take the shard over.
    var lease: (any JournalLease)? { get }
    /// How often the shard has been taken over; 1 where it never changes hands.
    var epoch: Int64 { get }
}

extension Journal {
    /// For journals that cannot be moved.
    public func confirmInPlace() throws(JournalError) {}
    /// For journals that belong to one process.
    public func release() {}
    public var lease: (any JournalLease)? { nil }
    public var epoch: Int64 { 1 }
}
