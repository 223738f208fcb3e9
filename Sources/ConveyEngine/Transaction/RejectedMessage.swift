import Signals

public struct RejectedMessage: Sendable {
    /// The conversation named by the topic; nil if it names none.
    public var subject: String?
    public var topic: String
    public var payload: [UInt8]
    public var rejection: Rejection
    /// It arrived so soon after a session was resumed that it may be a redelivery. (libmosquitto does not provide the
    /// DUP flag.)
    public var mayBeRedelivery: Bool

    public init(
        subject: String?, topic: String, payload: [UInt8], rejection: Rejection, mayBeRedelivery: Bool
    ) {
        self.subject = subject
        self.topic = topic
        self.payload = payload
        self.rejection = rejection
        self.mayBeRedelivery = mayBeRedelivery
    }
}
