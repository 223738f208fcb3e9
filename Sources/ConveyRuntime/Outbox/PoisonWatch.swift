import JournalPort
import MQTTTransport
import Signals

/// Finds the event at which a broker ends the connection, or which it will never take, so that the others can go on (ADR 31).
///
/// When a connection ends, every event on its way is suspect. Over the next connections they go one at a time, and only after the
/// broker has acknowledged the status message, so that a broker that is away or restarts is not taken for one that dislikes
/// an event. An event at which the broker then ends the connection `limit` times in a row is condemned. A pure value.
struct PoisonWatch {
    /// Times in a row that the broker ends the connection at an event before that is set aside.
    static let limit = 3

    /// Events up to here go one at a time.
    private(set) var aloneThrough: Position?
    /// The event that is condemned, with the reason.
    private(set) var condemned: (position: Position, reason: String)?
    private var suspect: Position?
    private var strikes = 0
    /// Over this connection the broker has acknowledged the status.
    private var isProven = false

    /// How many events may be on their way.
    func window(_ window: Int) -> Int {
        guard aloneThrough != nil else { return window }
        return isProven ? 1 : 0
    }

    mutating func connected() { isProven = false }

    /// The broker has acknowledged something else than an event.
    mutating func proven() { isProven = true }

    /// Everything up to `cursor` was acknowledged, or set aside.
    mutating func passed(_ cursor: Position) {
        if let last = aloneThrough, last <= cursor { aloneThrough = nil }
        if let position = suspect, position <= cursor { forgetSuspect() }
        if let position = condemned?.position, position <= cursor { condemned = nil }
    }

    /// The connection has ended.
    /// - Parameter inFlight: events that were on their way, in order.
    mutating func ended(_ error: MQTTError?, inFlight: [Position]) {
        guard let last = inFlight.last else { return }
        aloneThrough = max(aloneThrough ?? last, last)
        // Without authorization everything waits until an operator has given it: that is no fault of the event.
        guard let error, error.mayComeFromMessage, error.code != .notAuthorized else { return forgetSuspect() }
        guard isProven, inFlight.count == 1 else { return }
        strike(last, "\(error)")
    }

    /// The broker has refused an event for a reason that will not change.
    mutating func refused(_ position: Position, reasonCode: UInt8) {
        aloneThrough = max(aloneThrough ?? position, position)
        strike(position, "the broker refuses it with reason code \(reasonCode)")
    }

    /// Topic name invalid, packet too large, payload format invalid (MQTT 5, 3.4.2.1).
    static func isFinal(_ reasonCode: UInt8) -> Bool { [0x90, 0x95, 0x99].contains(reasonCode) }

    private mutating func strike(_ position: Position, _ reason: String) {
        if suspect != position { strikes = 0 }
        suspect = position
        strikes += 1
        if strikes >= Self.limit { condemned = (position, reason) }
    }

    private mutating func forgetSuspect() {
        suspect = nil
        strikes = 0
    }
}
