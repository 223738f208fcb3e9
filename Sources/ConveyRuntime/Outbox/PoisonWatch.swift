import JournalPort
import MQTTTransport
import Signals

/// Finds an event at which a broker closes the connection, or which it will never accept, so that the others can
/// proceed (ADR 31).
///
/// When a connection ends, every event in flight is suspect. Over the next connections suspects are sent one at a time,
/// and only after the broker has acknowledged the status message, so that a broker that is down or restarts is not
/// mistaken for one that rejects an event. An event at which the broker then closes the connection `limit` times in a
/// row is condemned. A pure value.
struct PoisonWatch {
    /// Number of times in a row that the broker may close the connection at an event before that event is set aside.
    static let limit = 3

    /// Events up to here are sent one at a time.
    private(set) var aloneThrough: Position?
    /// The condemned event, with the reason.
    private(set) var condemned: (position: Position, reason: String)?
    private var suspect: Position?
    private var strikes = 0
    /// The broker has acknowledged the status over this connection.
    private var isProven = false

    /// Maximum events in flight.
    func window(_ window: Int) -> Int {
        guard aloneThrough != nil else { return window }
        return isProven ? 1 : 0
    }

    mutating func connected() { isProven = false }

    /// The broker has acknowledged something other than an event.
    mutating func proven() { isProven = true }

    /// Everything up to `cursor` was acknowledged, or set aside.
    mutating func passed(_ cursor: Position) {
        if let last = aloneThrough, last <= cursor { aloneThrough = nil }
        if let position = suspect, position <= cursor { forgetSuspect() }
        if let position = condemned?.position, position <= cursor { condemned = nil }
    }

    /// The connection has ended.
    /// - Parameter inFlight: the events that were in flight, in order.
    mutating func ended(_ error: MQTTError?, inFlight: [Position]) {
        guard let last = inFlight.last else { return }
        aloneThrough = max(aloneThrough ?? last, last)
        // Without authorization everything waits until an operator grants it: the event is not at fault.
        guard let error, error.mayComeFromMessage, error.code != .notAuthorized else { return forgetSuspect() }
        guard isProven, inFlight.count == 1 else { return }
        strike(last, "\(error)")
    }

    /// The broker has refused an event for a permanent reason.
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
