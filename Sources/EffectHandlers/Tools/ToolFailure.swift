import EffectPort

/// A failed call with the information for the log.
struct ToolFailure: Error {
    let effect: EffectFailure
    /// The effect's message without words of the model, the tool or its server: they may repeat text of the conversation.
    let reason: String
    /// The status of the server's answer, if it gave one.
    let status: Int?

    /// - Parameter reason: nil if the failure's message has no such words.
    init(_ effect: EffectFailure, reason: String? = nil, status: Int? = nil) {
        self.effect = effect
        self.reason = reason ?? effect.message
        self.status = status
    }
}
