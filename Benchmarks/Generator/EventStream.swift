import Glibc

/// Convey's events as a subscriber reads them: which event of which conversation, and whether one is missing.
///
/// Counts each conversation's `sequence` by family (docs/PROTOCOL.md, "Repeats and holes"): the next number is a new
/// event, a known number is a repeat, and a jump is a loss.
struct EventStream {
    enum Family: Int, CaseIterable {
        case out, effect, applied
    }

    struct Event {
        var family: Family
        /// Which of the subjects, by number.
        var subject: Int
        /// The topic behind the subject: `assistant/completed`.
        var rest: UnsafeRawBufferPointer
        /// Not seen before.
        var isNew: Bool
    }

    private let names: [[UInt8]] = ["conv/out/", "conv/effect/", "conv/applied/"].map { Array($0.utf8) }
    private let prefix: [UInt8]
    private var sequences: [[Int]]
    private static let member = Array("\"sequence\":".utf8)
    /// Digits of a subject's number: `SignalTemplates.subjects`.
    private static let digits = 6

    private(set) var count = 0
    private(set) var bytes = 0
    private(set) var repeats = 0

    /// The filters for all families.
    static let filters = ["conv/out/#", "conv/effect/#", "conv/applied/#"]

    /// - Parameter prefix: of the subjects' names.
    init(prefix: String, subjects: Int) {
        self.prefix = Array("\(prefix)-".utf8)
        sequences = Family.allCases.map { _ in Array(repeating: 0, count: subjects) }
    }

    /// Reads one message.
    /// - Throws: if it is not an event of Convey, or an earlier one is missing.
    mutating func read(_ topic: UnsafeRawBufferPointer, _ payload: UnsafeRawBufferPointer) throws -> Event {
        guard let family = Family.allCases.first(where: { starts(topic, with: names[$0.rawValue]) }),
            let subject = subject(of: topic, behind: names[family.rawValue].count)
        else { throw BenchError("an unexpected topic: \(String(decoding: topic, as: UTF8.self))") }
        guard let sequence = Self.sequence(in: payload) else {
            throw BenchError("an event without a sequence: \(String(decoding: payload, as: UTF8.self))")
        }
        let last = sequences[family.rawValue][subject.number]
        guard sequence <= last + 1 else {
            throw BenchError(
                "\(String(decoding: topic, as: UTF8.self)) came with sequence \(sequence) after \(last): events are missing"
            )
        }
        count += 1
        bytes += payload.count
        if sequence > last { sequences[family.rawValue][subject.number] = sequence } else { repeats += 1 }
        return Event(
            family: family, subject: subject.number, rest: UnsafeRawBufferPointer(rebasing: topic[subject.end...]),
            isNew: sequence > last)
    }

    private func subject(of topic: UnsafeRawBufferPointer, behind start: Int) -> (number: Int, end: Int)? {
        let end = start + prefix.count + Self.digits
        guard topic.count > end, topic[start..<(start + prefix.count)].elementsEqual(prefix) else { return nil }
        var number = 0
        for byte in topic[(start + prefix.count)..<end] {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            number = number * 10 + Int(byte - 0x30)
        }
        return number < sequences[0].count ? (number, end + 1) : nil
    }

    /// The envelope's `sequence`: it comes before `data`, and our texts contain no quote.
    static func sequence(in payload: UnsafeRawBufferPointer) -> Int? {
        guard let place = ByteSearch.find(member, in: payload) else { return nil }
        return ByteSearch.number(in: payload, at: place + member.count)
    }

    private func starts(_ bytes: UnsafeRawBufferPointer, with name: [UInt8]) -> Bool {
        guard let base = bytes.baseAddress, bytes.count > name.count else { return false }
        return memcmp(base, name, name.count) == 0
    }
}
