/// What the client's thread is asked to do.
enum ClientCommand: Sendable {
    case subscribe(filters: [String], deadline: ContinuousClock.Instant, reply: MQTTReply)
    case publish([OutgoingMessage], deadline: ContinuousClock.Instant, reply: MQTTReply)
}
