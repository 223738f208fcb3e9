/// Writes the structured form that Convey publishes: CloudEvents 1.0, JSON format.
///
/// Journals of earlier versions contain attributes that no CloudEvent may have. Here such a time is replaced by the
/// recording time, a source is escaped, and others are left out, so that the result is always valid.
public enum EnvelopeEncoder {
    /// - Parameters:
    ///   - sequence: the signal's number in its conversation and family, from 1.
    ///   - partition: the partition that owns the conversation.
    ///   - offset: the signal's offset in its conversation, from 1.
    ///   - recordedAt: RFC 3339; the `time` of a signal that has none.
    public static func encode(
        _ signal: Signal, sequence: UInt64, partition: Int, offset: UInt64, recordedAt: String? = nil
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(
            256 + signal.id.utf8.count + signal.source.utf8.count + signal.type.utf8.count + signal.subject.utf8.count
                + signal.extensions.count + signal.data.count)
        append(signal, sequence: sequence, partition: partition, offset: offset, recordedAt: recordedAt, to: &bytes) {
            $0.append(contentsOf: signal.data)
        }
        return bytes
    }

    /// Appends the same to `bytes`, with `data` (a JSON value) instead of the signal's own.
    public static func append(
        _ signal: Signal, sequence: UInt64, partition: Int, offset: UInt64, recordedAt: String?,
        to bytes: inout [UInt8], data: (inout [UInt8]) -> Void
    ) {
        JSONWriter.append(raw: "{\"specversion\":\"1.0\"", to: &bytes)
        append("id", signal.id, to: &bytes)
        append("source", signal.publishedSource, to: &bytes)
        append("type", signal.type, to: &bytes)
        append("subject", signal.subject, to: &bytes)
        if let time = signal.publishedTime ?? recordedAt { append("time", time, to: &bytes) }
        JSONWriter.append(raw: ",\"datacontenttype\":\"application/json\",\"contractmajor\":1", to: &bytes)
        switch signal.cause {
        case .signal(let id):
            if !JSONText.isBlank(id) { append("causationid", id, to: &bytes) }
        case .none, .unsatisfiable: break
        }
        if let traceparent = signal.publishedTraceparent { append("traceparent", traceparent, to: &bytes) }
        if !signal.extensions.isEmpty {
            let extensions = ExtensionAttribute.valid(signal.extensions)
            if !extensions.isEmpty { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: extensions)
        }
        JSONWriter.append(raw: ",\"sequence\":", to: &bytes)
        JSONWriter.append(integer: sequence, to: &bytes)
        JSONWriter.append(raw: ",\"partition\":", to: &bytes)
        JSONWriter.append(integer: partition, to: &bytes)
        JSONWriter.append(raw: ",\"offset\":", to: &bytes)
        JSONWriter.append(integer: offset, to: &bytes)
        JSONWriter.append(raw: ",\"data\":", to: &bytes)
        data(&bytes)
        bytes.append(UInt8(ascii: "}"))
    }

    private static func append(_ name: StaticString, _ text: String, to bytes: inout [UInt8]) {
        JSONWriter.append(raw: ",\"", to: &bytes)
        JSONWriter.append(raw: name, to: &bytes)
        JSONWriter.append(raw: "\":", to: &bytes)
        JSONWriter.append(string: text, to: &bytes)
    }
}
