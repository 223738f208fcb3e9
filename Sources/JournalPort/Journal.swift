import Signals

/// The append-only list of all signals, and the indexes derived from it.
///
/// Belongs to one thread. `commit` is the only call that writes. An open journal owns its shard: a journal that several
/// processes can open takes the shard over when it is opened, and refuses every write after another process has taken
/// it over (`ownedElsewhere`).
public protocol Journal: RecoverableJournal {
    /// Makes a batch durable, completely or not at all; durable means that it survives power loss once this returns. An
    /// empty batch ends a transaction that look-ups have begun.
    func commit(_ batch: JournalBatch) throws(JournalError)
    /// Throws if nothing can be written at the moment (disk full, I/O error, another writer). After an error, a
    /// networked journal reconnects here and takes its shard over again.
    func probe() throws(JournalError)
    /// Throws `displaced` if commits would be lost because the files are no longer where they were opened, and
    /// `ownedElsewhere` if the shard was lost. `commit` checks this itself before it returns. Call it often: it also
    /// keeps the lease.
    func confirmInPlace() throws(JournalError)
    /// Gives the shard up, so that another process need not wait for the lease to expire. The journal cannot be used
    /// afterwards.
    func release()
    /// A reader for another thread, with its own connection.
    func makeReader() throws(JournalError) -> any JournalReader & Sendable
    /// Size on disk in bytes, if that has a meaning.
    var bytes: Int { get }
    /// Nil if no other process can take the shard over.
    var lease: (any JournalLease)? { get }
    /// How often the shard has been taken over; 1 if its owner never changes.
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
