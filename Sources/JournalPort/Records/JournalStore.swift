/// The storage of Convey's journals: one journal per shard.
///
/// Code outside a journal's own module opens journals only through this protocol.
package protocol JournalStore: Sendable {
    /// Whether several processes can open it, one of which owns each shard.
    var isShared: Bool { get }

    /// Checks what is stored without writing.
    /// - Throws: what `prepare` would throw because of it.
    func check() throws(JournalError)

    /// The layout of the journals that exist.
    /// - Throws: `cannotOpen` if there are none.
    func layout() throws(JournalError) -> JournalLayout

    /// Reserves the store for this process, creates missing journals, and completes an interrupted creation. Call it
    /// before `openWriter`.
    /// - Returns: the layout in force. Existing journals keep their own, whatever the settings request.
    func prepare() throws(JournalError) -> JournalLayout

    /// Opens the only journal that may write to a shard. The calling thread owns it.
    func openWriter(shard: Int) throws(JournalError) -> any Journal

    /// Opens a shard for reading only, with or without a Convey that runs on it.
    func openReader(shard: Int) throws(JournalError) -> any JournalReader & Sendable

    /// Opens a shard to verify it, with or without a Convey that runs on it.
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
