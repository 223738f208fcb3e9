/// Turns a PUBLISH into a signal. It accepts three forms (CloudEvents 1.0.2, MQTT protocol binding section 3):
///
/// - **structured**: content type `application/cloudevents+json`, or a JSON object with `specversion`;
/// - **binary**: attributes as user properties, the payload is `data`; `ce-id` means `id`;
/// - **bare**: any other JSON object is `data`; type and subject come from the topic. This is the binary form without
///   attributes, and both are read in the same way: user properties with attribute names count, others are ignored.
public enum Envelope {
    public static func decode(
        _ message: InboundMessage, limits: EnvelopeLimits = EnvelopeLimits(), defaults: EnvelopeDefaults
    ) -> Result<Signal, Rejection> {
        do throws(Rejection) {
            let signal = try signal(message, limits: limits, defaults: defaults)
            // This source can continue answers and trigger tools, so only fork copies may use it.
            guard signal.source != Signal.effectSource || signal.isForked else {
                throw Rejection(
                    .attributeInvalid("source"),
                    "\(Signal.effectSource) is reserved for effects that Convey runs; bridges and runners use their own source"
                )
            }
            return .success(signal)
        } catch { return .failure(error) }
    }

    private static func signal(
        _ message: InboundMessage, limits: EnvelopeLimits, defaults: EnvelopeDefaults
    ) throws(Rejection) -> Signal {
        guard message.payload.count <= limits.maximumBytes else {
            throw Rejection(
                .tooLarge, "the payload is \(message.payload.count) bytes; the limit is \(limits.maximumBytes)")
        }
        let topic: ParsedTopic
        do { topic = try TopicName.read(message.topic, root: defaults.root) } catch {
            throw rejection(error, topic: message.topic)
        }
        guard !EnvelopeComposer.isBatch(message) else {
            throw Rejection(
                .payloadNotObject, "this is a CloudEvents batch: publish each of its events as a message of its own")
        }
        let attributes = EnvelopeComposer.attributes(message.userProperties)
        if isStructured(message, attributes) {
            var signal = try signal(structured: message.payload, topic: topic, defaults: defaults)
            if signal.traceparent == nil { signal.traceparent = EnvelopeComposer.traceparent(attributes) }
            return signal
        }
        let envelope = try EnvelopeComposer.compose(attributes, data: message.payload)
        return try signal(structured: envelope, topic: topic, defaults: defaults)
    }

    private static func isStructured(_ message: InboundMessage, _ attributes: [(String, String)]) -> Bool {
        if let contentType = message.contentType, EnvelopeComposer.isCloudEvents(contentType) { return true }
        if attributes.contains(where: { $0.0 == "specversion" }) { return false }
        return EnvelopeComposer.hasSpecversion(message.payload)
    }

    private static func signal(
        structured bytes: [UInt8], topic: ParsedTopic, defaults: EnvelopeDefaults
    ) throws(Rejection) -> Signal {
        var contract = Contract.Defaults(
            source: defaults.source ?? "/mqtt/\(TopicName.encode(level: topic.subject))", subject: topic.subject,
            ingress: defaults.ingress, isEdge: true)
        switch topic {
        case .inbound(_, let type): contract.type = type
        case .ingest: break
        }
        let result: Result<Signal, Rejection> = bytes.withUnsafeBufferPointer { bytes in
            do throws(Rejection) {
                let check = try ContractCheck(bytes, defaults: contract, makeID: defaults.makeID)
                try checkAgreement(check, topic)
                return .success(try check.signal())
            } catch { return .failure(error) }
        }
        return try result.get()
    }

    private static func checkAgreement(_ check: borrowing ContractCheck, _ topic: ParsedTopic) throws(Rejection) {
        switch topic {
        case .inbound(_, let type):
            guard check.family == .inbound else {
                throw Rejection(
                    .typeNotAllowed, "only conv.in.* is accepted here; publish other families to the ingest topic")
            }
            if let type, !AttributeText.isSame(type, check.type) {
                throw Rejection(.typeMismatch, "the envelope's type differs from its topic's, \(type)")
            }
        case .ingest:
            guard check.family != .applied else {
                throw Rejection(.typeNotAllowed, "conv.applied.* is published by Convey and never accepted")
            }
        }
        // Compare bytes, not canonical equivalence: a decomposed letter names another conversation.
        guard AttributeText.isSame(check.subject, topic.subject) else {
            throw Rejection(.subjectMismatch, "the envelope's subject differs from its topic's")
        }
    }

    private static func rejection(_ error: TopicError, topic: String) -> Rejection {
        switch error {
        case .notIngress: Rejection(.typeNotAllowed, "Convey does not accept such signals here")
        case .subjectMissing:
            Rejection(.attributeMissing("subject"), "the topic has no level for the conversation's id")
        case .subjectInvalid(let fault): Rejection(.attributeInvalid("subject"), "the topic's subject \(fault)")
        case .typeInvalid:
            Rejection(.attributeInvalid("type"), "the topic's levels after the subject are not an encoded type")
        }
    }
}
