/// Which numbered signals have come back, and how often.
struct Deliveries {
    private let prefix: [UInt8]
    private var times: [UInt8] = []
    private var lastPlace = 0

    /// Signals that came back, each counted once.
    private(set) var seen = 0
    /// Repeats of signals that had come before.
    private(set) var repeats = 0
    /// Messages about no signal of this tag.
    private(set) var strays = 0

    /// - Parameters:
    ///   - member: the JSON member that holds the id: `causationid` in a marker, `id` in the signal itself.
    ///   - tag: the beginning of the ids.
    init(member: String, tag: String) {
        prefix = Array("\"\(member)\":\"\(tag)-".utf8)
    }

    /// Finds the id in a payload and counts it.
    /// - Returns: the number, if it is new.
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

    func hasSeen(_ number: Int) -> Bool { number < times.count && times[number] > 0 }

    /// Messages of one kind have the id at nearly the same position.
    private func find(in payload: UnsafeRawBufferPointer) -> (number: Int, at: Int)? {
        let place =
            ByteSearch.find(prefix, in: payload, from: max(0, lastPlace - 24)) ?? ByteSearch.find(prefix, in: payload)
        guard let place, let number = ByteSearch.number(in: payload, at: place + prefix.count) else { return nil }
        return (number, place)
    }
}
