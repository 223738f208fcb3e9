import JournalPort
import Signals

/// Cached contexts, limited by their size in bytes. The least recently used are dropped first.
struct ContextCache: Sendable {
    private struct Entry: Sendable {
        var context: KeptContext
        var bytes: Int
        /// The newest use in `order`.
        var use: UInt64
    }

    /// Bytes per context in addition to its texts.
    private static let overhead = 1_024

    private let limit: Int
    private(set) var bytes = 0
    private var entries: [ConversationID: Entry] = [:]
    /// Uses, oldest first. A use that is no longer its conversation's newest is skipped.
    private var order: [(conversation: ConversationID, use: UInt64)] = []
    private var head = 0
    private var uses: UInt64 = 0

    /// - Parameter bytes: maximum size of all contexts together. Larger contexts are not cached.
    init(bytes: Int) {
        limit = bytes
    }

    var count: Int { entries.count }

    /// Removes a context.
    mutating func take(_ conversation: ConversationID) -> KeptContext? {
        guard let entry = entries.removeValue(forKey: conversation) else { return nil }
        bytes -= entry.bytes
        return entry.context
    }

    func isNewer(than position: Position, _ conversation: ConversationID) -> Bool {
        entries[conversation].map { $0.context.through > position } ?? false
    }

    mutating func put(_ context: KeptContext, for conversation: ConversationID) {
        _ = take(conversation)
        let size = context.context.textBytes + Self.overhead
        guard size <= limit else { return }
        uses += 1
        entries[conversation] = Entry(context: context, bytes: size, use: uses)
        bytes += size
        order.append((conversation, uses))
        while bytes > limit, head < order.count {
            let oldest = order[head]
            head += 1
            if entries[oldest.conversation]?.use == oldest.use { _ = take(oldest.conversation) }
        }
        if order.count > 2 * entries.count + 64 {
            order = order[head...].filter { entries[$0.conversation]?.use == $0.use }
            head = 0
        }
    }
}
