/// Where the journals of a Convey are kept: one journal per shard.
///
/// Everything outside a journal's own module opens journals through this protocol.
package protocol JournalStore: Sendable {
    /// Whether several processes can open it, one of which owns each shard.
    var isShared: Bool { get }

    /// Looks at what is there without writing.
    /// - Throws: what `prepare` would throw because of what is there.
    func check() throws(JournalError)

    /// The layout of the journals that exist.
    /// - Throws: `cannotOpen` where there are none.
    func layout() throws(JournalError) -> JournalLayout

    /// Takes the store for this process, creates the journals where there are none, and completes a creation that was interrupted.
    /// To be called before `openWriter`.
    /// - Returns: the layout in force. Existing journals keep their own, whatever the settings ask for.
    func prepare() throws(JournalError) -> JournalLayout

    /// Opens the one journal that may write to a shard. The calling thread owns it.
    func openWriter(shard: Int) throws(JournalError) -> any Journal

    /// Opens a shard for reading only, beside a Convey that runs on it or not.
    func openReader(shard: Int) throws(JournalError) -> any JournalReader & Sendable

    /// Opens a shard to verify it, beside a Convey that runs on it or not.
    func openVerifier(shard: Int) throws(JournalError) -> any VerifiableJournal & Sendable

    /// Shows a sign of life of this node, and looks at the others. To be called each second.
    /// - Returns: nil where other processes cannot share the journal.
    func beat(_ node: ClusterNode) throws(JournalError) -> ClusterStatus?
}

extension JournalStore {
    /// For stores that belong to one process.
    package var isShared: Bool { false }
    package func beat(_ node: ClusterNode) throws(JournalError) -> ClusterStatus? { nil }
}
