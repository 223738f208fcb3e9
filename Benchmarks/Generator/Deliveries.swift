import Glibc

/// Which numbered signals have come back, and how often.
struct Deliveries {
    private let prefix: [UInt8]
    private var times: [UInt8] = []
    private var lastPlace = 0

    /// Signals that came back, each counted once.
    private(set) var seen = 0
    /// Times that one came which had come before.
    private(set) var repeats = 0
    /// Messages that are about no signal of this tag.
    private(set) var strays = 0

    /// - Parameters:
    ///   - member: the JSON member that holds the id: `causationid` in a marker, `id` in the signal itself.
    ///   - tag: what ids start with.
    init(member: String, tag: String) {
        prefix = Array("\"\(member)\":\"\(tag)-".utf8)
    }

    /// Finds the id in a payload and counts it.
    /// - Returns: the number, the first time that it comes.
    mutating func note(_ payload: UnsafeRawBufferPointer) -> Int? {
        guard let (number, place) = find(in: payload) else {
            strays += 1
            return nil
        }
        lastPlace = place
        if number >= times.count { times += Array(repeating: 0, count: max(1 << 16, number + 1 - times.count)) }
        guard times[number] == 0 else {
            repeats += 1
            return nil
        }
        times[number] = 1
        seen += 1
        return number
    }

    /// Messages of one kind hold the id at nearly the same place.
    private func find(in payload: UnsafeRawBufferPointer) -> (number: Int, at: Int)? {
        Self.number(behind: prefix, in: payload, from: max(0, lastPlace - 24))
            ?? Self.number(behind: prefix, in: payload)
    }

    func hasSeen(_ number: Int) -> Bool { number < times.count && times[number] > 0 }

    /// The digits that follow `prefix` where it is found first at or behind `start`, read as a number, and where that is.
    static func number(
        behind prefix: [UInt8], in payload: UnsafeRawBufferPointer, from start: Int = 0
    ) -> (number: Int, at: Int)? {
        let length = prefix.count + SignalTemplates.digits
        guard payload.count >= length, start <= payload.count - length else { return nil }
        return prefix.withUnsafeBytes { prefix in
            guard let first = prefix.baseAddress, let base = payload.baseAddress else { return nil }
            for place in start...(payload.count - length)
            where payload[place] == prefix[0] && memcmp(base + place, first, prefix.count) == 0 {
                guard let number = number(payload, at: place + prefix.count) else { return nil }
                return (number, place)
            }
            return nil
        }
    }

    private static func number(_ payload: UnsafeRawBufferPointer, at start: Int) -> Int? {
        var number = 0
        for index in start..<(start + SignalTemplates.digits) {
            let digit = payload[index] &- 0x30
            guard digit < 10 else { return nil }
            number = number * 10 + Int(digit)
        }
        return number
    }
}
