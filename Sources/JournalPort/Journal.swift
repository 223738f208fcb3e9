import Signals

/// The append-only record of every signal, and what is derived from it to find things by key.
///
/// Belongs to one thread. `commit` is the only call that writes.
public protocol Journal: RecoverableJournal {
    /// Makes a batch durable, whole or not at all; durable means that it survives power loss once this has returned. An
    /// empty batch ends a transaction that look-ups have begun.
    func commit(_ batch: JournalBatch, epoch: Epoch) throws(JournalError)
    /// Throws when nothing can be written at the moment (disk full, I/O error, another writer).
    func probe() throws(JournalError)
    /// Throws `displaced` when what is committed would not be found again, because the files are not where they were opened.
    /// `commit` looks by itself, before it returns.
    func confirmInPlace() throws(JournalError)
    /// A reader for another thread, over a connection of its own.
    func makeReader() throws(JournalError) -> any JournalReader & Sendable
    /// Size on disk in bytes, where that means something.
    var bytes: Int { get }
}

extension Journal {
    /// For journals that cannot be moved.
    public func confirmInPlace() throws(JournalError) {}
}
