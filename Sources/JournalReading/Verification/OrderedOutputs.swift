import JournalPort
import Signals

/// Outputs that applied signals have ordered, but that are not recorded yet.
struct OrderedOutputs {
    struct Order {
        var id: String
        var type: String
        /// The record whose application ordered it.
        var cause: JournalRecord
    }

    private var orders: [String: Order] = [:]

    /// The oldest first.
    var open: [Order] { orders.values.sorted { $0.cause.position < $1.cause.position } }

    mutating func insert(_ order: Order) { orders[order.id] = order }

    /// A signal was recorded: it may be one of the outputs.
    /// - Returns: the problem with it; nil if there is none.
    mutating func take(_ signal: Signal, of record: JournalRecord) -> String? {
        guard signal.source == DerivedSource.projections, let order = orders.removeValue(forKey: signal.id),
            order.type != signal.type || order.cause.conversation != record.conversation
        else { return nil }
        return "it should be \(order.type), but is \(signal.type)"
    }

    /// Drops the orders of a conversation.
    mutating func forget(_ conversation: ConversationID) {
        for (id, order) in orders where order.cause.conversation == conversation { orders[id] = nil }
    }
}
