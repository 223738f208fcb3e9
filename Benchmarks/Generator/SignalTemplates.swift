/// The PUBLISH packets of one kind of signal, one per subject, encoded in advance. Sending one means copying it and
/// writing its packet id and its number into the places left for them.
final class SignalTemplates {
    /// The common part of all packets.
    struct Kind {
        /// The first level of the topic: `conv`, or another for messages that Convey must not see.
        var root = "conv"
        /// The type after `conv.in.`: `note.taken`.
        var type = "note.taken"
        /// Bytes of `data`, some seventy of which are not text.
        var dataBytes = 300
        /// In `data`; nil for words up to `dataBytes`.
        var text: String?
        /// The beginning of the ids: no two runs on one journal share it.
        var tag: String
        /// The member of `data` that holds the text.
        var textMember = "text"
        /// The id of the signal that must be applied first.
        var cause: String?
    }

    /// Digits of a signal's number at the end of its id.
    static let digits = 10

    let kind: Kind
    let subjects: [String]
    /// Bytes of one PUBLISH's payload.
    let payloadBytes: Int

    private let packets: UnsafeMutableRawPointer
    private let packetBytes: Int
    private let packetIDOffset: Int
    /// The positions of the number: in `id`, and in `data.message_id`.
    private let numberOffsets: [Int]

    /// - Parameter subjects: all of the same length, of characters that need no encoding.
    init(_ kind: Kind, subjects: [String]) {
        self.kind = kind
        self.subjects = subjects
        let publishes = subjects.map { Self.publish(kind, subject: $0) }
        let length = publishes.first?.bytes.count ?? 0
        precondition(publishes.allSatisfy { $0.bytes.count == length }, "subjects differ in length")
        packetBytes = length
        packetIDOffset = publishes.first?.packetIDOffset ?? 0
        payloadBytes = packetBytes - (publishes.first?.payloadOffset ?? 0)
        numberOffsets = publishes.first.map { Self.places(of: Self.id(kind, 0), in: $0.bytes) } ?? []
        packets = .allocate(byteCount: packetBytes * subjects.count, alignment: 16)
        for (index, publish) in publishes.enumerated() {
            publish.bytes.withUnsafeBytes { bytes in
                UnsafeMutableRawBufferPointer(start: packets + index * packetBytes, count: packetBytes)
                    .copyMemory(from: bytes)
            }
        }
    }

    deinit { packets.deallocate() }

    /// Publishes the signal `number` of a subject.
    func publish(_ number: Int, subject: Int, on connection: Connection) {
        let template = UnsafeRawBufferPointer(start: packets + subject * packetBytes, count: packetBytes)
        let place = connection.publish(template, packetIDOffset: packetIDOffset)
        for offset in numberOffsets { Self.write(number, to: place + offset) }
    }

    /// The id of the signal `number`.
    static func id(_ kind: Kind, _ number: Int) -> String {
        let text = String(number)
        return "\(kind.tag)-" + String(repeating: "0", count: digits - text.count) + text
    }

    /// Subjects of one length: `s-00000`, `s-00001`, …
    static func subjects(_ prefix: String, _ count: Int) -> [String] {
        (0..<count).map { number in
            let text = String(number)
            return "\(prefix)-" + String(repeating: "0", count: max(0, 6 - text.count)) + text
        }
    }

    private static func publish(_ kind: Kind, subject: String) -> MQTTCodec.Publish {
        let id = id(kind, 0)
        let start = "{\"message_id\":\"\(id)\",\"ingress\":\"mqtt\",\"\(kind.textMember)\":\""
        let data = start + (kind.text ?? words(kind.dataBytes - start.utf8.count - 2)) + "\"}"
        let envelope =
            "{\"specversion\":\"1.0\",\"id\":\"\(id)\",\"source\":\"/bench\",\"type\":\"conv.in.\(kind.type)\","
            + "\"subject\":\"\(subject)\","
            + (kind.cause.map { "\"causationid\":\"\($0)\"," } ?? "") + "\"data\":\(data)}"
        let rest = kind.type.split(separator: ".").joined(separator: "/")
        return MQTTCodec.publish(topic: "\(kind.root)/in/\(subject)/\(rest)", payload: Array(envelope.utf8))
    }

    /// Text of that many bytes.
    static func words(_ count: Int) -> String {
        let sentence = "the quick brown fox jumps over the lazy dog and then goes home to sleep a while "
        return String(String(repeating: sentence, count: max(0, count) / sentence.count + 1).prefix(max(0, count)))
    }

    /// The positions of the digits of each `id` in `bytes`.
    private static func places(of id: String, in bytes: [UInt8]) -> [Int] {
        let pattern = Array(id.utf8)
        return (0...(bytes.count - pattern.count))
            .filter { bytes[$0] == pattern[0] && bytes[$0..<($0 + pattern.count)].elementsEqual(pattern) }
            .map { $0 + pattern.count - digits }
    }

    private static func write(_ number: Int, to place: UnsafeMutableRawPointer) {
        var rest = UInt64(number)
        for offset in stride(from: digits - 1, through: 0, by: -1) {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            place.storeBytes(of: 0x30 + UInt8(digit), toByteOffset: offset, as: UInt8.self)
            rest = quotient
        }
    }
}
