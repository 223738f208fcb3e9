/// A request to the client's thread.
enum ClientCommand: Sendable {
    case subscribe(filters: [String], deadline: ContinuousClock.Instant, reply: MQTTReply)
    case publish([OutgoingMessage], deadline: ContinuousClock.Instant, reply: MQTTReply)
}
