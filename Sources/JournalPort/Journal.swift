import Signals

/// The append-only list of all signals, and the indexes derived from it.
///
/// Belongs to one thread. `commit` is the only call that writes.
public protocol Journal: RecoverableJournal {
    /// Makes a batch durable, completely or not at all; durable means that it survives power loss once this returns. An
    /// empty batch ends a transaction that look-ups have begun.
    func commit(_ batch: JournalBatch, epoch: Epoch) throws(JournalError)
    /// Throws if nothing can be written at the moment (disk full, I/O error, another writer).
    func probe() throws(JournalError)
    /// Throws `displaced` if commits would be lost because the files are no longer where they were opened. `commit`
    /// checks this itself before it returns.
    func confirmInPlace() throws(JournalError)
    /// A reader for another thread, with its own connection.
    func makeReader() throws(JournalError) -> any JournalReader & Sendable
    /// Size on disk in bytes, if that has a meaning.
    var bytes: Int { get }
}

extension Journal {
    /// For journals that cannot be moved.
    public func confirmInPlace() throws(JournalError) {}
}
