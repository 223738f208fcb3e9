import JournalPort
import MQTTTransport
import Signals

/// The outbox's state: the events taken, in flight and acknowledged. Owned by its thread.
struct OutboxState {
    /// Everything up to here is acknowledged.
    var cursor: Position
    /// Everything up to here was taken from the queue or the journal.
    var taken: Position
    /// Taken but not yet passed to the connection.
    var waiting: [OutboundEvent] = []
    var waitingHead = 0
    var inFlight: [InFlight] = []
    var inFlightHead = 0
    /// Acknowledged but not counted yet.
    var published = 0
    var isIdle = false
    /// Delay between refusals of events, over connections that work.
    var refusals = Backoff()
    /// The ids of the shard whose events these are.
    let ids: DerivedIDs
    var envelope: OutboundEnvelope
    var poison = PoisonWatch()
    var linger = Linger()
    /// The message id of the status, until it is acknowledged.
    var statusMessageID: Int32?

    struct InFlight {
        /// 0 for an event that was set aside, -1 for one that was not sent completely.
        var messageID: Int32
        var position: Position
        var isAcknowledged = false
    }

    init(cursor: Position, root: String, ids: DerivedIDs) {
        self.cursor = cursor
        taken = cursor
        self.ids = ids
        envelope = OutboundEnvelope(root: root, ids: ids)
    }

    var inFlightCount: Int { inFlight.count - inFlightHead }

    /// Events in flight that are not acknowledged.
    var unacknowledged: [Position] {
        inFlight[inFlightHead...].filter { !$0.isAcknowledged }.map(\.position)
    }

    mutating func startOver() {
        taken = cursor
        waiting.removeAll()
        waitingHead = 0
        inFlight.removeAll()
        inFlightHead = 0
        isIdle = false
    }
}
