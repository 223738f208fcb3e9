import Conversation

/// The `data` of the signals that Convey makes itself, as JSON.
enum LifecycleData {
    static func started(_ entry: EffectLedger.Entry) -> [UInt8] {
        lifecycle("started", entry).finish()
    }

    static func delta(_ entry: EffectLedger.Entry, index: Int, _ delta: String) -> [UInt8] {
        var data = lifecycle("progress", entry)
        data.add("index", index)
        data.add("delta", delta)
        return data.finish()
    }

    static func completed(_ entry: EffectLedger.Entry, content: String, finishReason: String) -> [UInt8] {
        var data = lifecycle("completed", entry)
        data.add("content", content)
        data.add("finish_reason", finishReason)
        data.add("deltas", entry.deltas)
        return data.finish()
    }

    static func failed(
        _ entry: EffectLedger.Entry, category: EffectFailure.Category, message: String
    ) -> [UInt8] {
        var data = lifecycle("failed", entry)
        data.add("category", category.rawValue)
        data.add("message", message)
        data.add("content", entry.text)
        return data.finish()
    }

    /// `content` is the text streamed until then.
    static func canceled(_ entry: EffectLedger.Entry, reason: String) -> [UInt8] {
        var data = lifecycle("canceled", entry)
        data.add("reason", reason)
        data.add("content", entry.text)
        data.add("deltas", entry.deltas)
        return data.finish()
    }

    static func output(_ output: Output) -> [UInt8] {
        var data = JSONObjectBuilder(reservingCapacity: output.data.count + 96)
        data.add("output_id", output.outputID)
        data.add("channel", json: output.channel)
        data.addMembers(of: output.data)
        return data.finish()
    }

    static func rejection(id: String, _ message: RejectedMessage) -> [UInt8] {
        var data = JSONObjectBuilder(reservingCapacity: 512)
        data.add("audit_id", id)
        data.add("category", "rejection")
        data.add("code", message.rejection.code.description)
        data.add("message", message.rejection.message)
        data.add("topic", message.topic)
        data.add("payload", String(decoding: message.payload.prefix(rejectedPayloadLimit), as: UTF8.self))
        data.add("payload_bytes", message.payload.count)
        return data.finish()
    }

    /// Bytes of a rejected payload that are kept: enough to see what it was (docs/PROTOCOL.md, "Rejections").
    static let rejectedPayloadLimit = 1_024

    static func deadLetter(
        id: String, signal: Signal, offset: Int64, reason: DeadLetter.Reason
    ) -> [UInt8] {
        var data = JSONObjectBuilder()
        data.add("audit_id", id)
        data.add("category", "dead_letter")
        data.add("reason", reason.rawValue)
        data.add("signal_id", signal.id)
        data.add("signal_type", signal.type)
        data.add("signal_offset", offset)
        if case .signal(let cause) = signal.cause { data.add("cause_id", cause) }
        return data.finish()
    }

    private static func lifecycle(_ name: String, _ entry: EffectLedger.Entry) -> JSONObjectBuilder {
        var data = JSONObjectBuilder()
        data.add("effect_id", entry.effect.effectID)
        data.add("lifecycle", name)
        data.add("attempt", entry.effect.attempt)
        return data
    }
}
