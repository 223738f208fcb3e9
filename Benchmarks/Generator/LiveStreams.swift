import Glibc

/// Many live streams, read in one loop. Fails if one of them misses an event, repeats one, or ends.
///
/// Belongs to the one thread of the generator.
final class LiveStreams {
    private(set) var streams: [LiveStream] = []
    /// Whether delays are kept.
    var isMeasuring = false
    /// From the time in the event until it was seen, in nanoseconds.
    private(set) var delays: [Double] = []
    /// Called with each event and the time when it was seen (`Clock.now`).
    var onEvent: ((UnsafeRawBufferPointer, Int64) throws -> Void)?

    private let convey: ConveyServer
    /// One per stream.
    private var places: [pollfd] = []
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    private var times = TimestampReader()

    private static let timeMember = Array("\"time\":\"".utf8)
    private static let patience: Int64 = 30_000_000_000

    init(_ convey: ConveyServer) {
        self.convey = convey
    }

    deinit { buffer.deallocate() }

    /// The number of events on all streams.
    var events: Int { streams.reduce(0) { $0 + $1.events } }

    /// Opens a stream for each subject, after its recorded events, and waits until all are answered.
    func open(_ subjects: [String]) throws {
        try open(try subjects.map { ($0, try newestOffset(of: $0)) })
    }

    /// Opens streams, each after an offset, and waits until all are answered.
    func open(_ places: [(subject: String, after: Int)]) throws {
        for (subject, offset) in places { add(try LiveStream(subject, after: offset, port: convey.httpPort)) }
        try wait(for: "open live streams") { self.streams.allSatisfy(\.isOpen) }
    }

    /// Reads a stream from now on.
    func add(_ stream: LiveStream) {
        streams.append(stream)
        places.append(pollfd(fd: stream.descriptor, events: Int16(POLLIN), revents: 0))
    }

    /// Closes the last one.
    func removeLast() {
        streams.removeLast()
        places.removeLast()
    }

    /// Reads the received data; waits for it up to a number of milliseconds.
    func receive(waitMilliseconds: Int32 = 0) throws {
        guard poll(&places, nfds_t(places.count), waitMilliseconds) > 0 else { return }
        for (stream, place) in zip(streams, places) where place.revents != 0 {
            let now = Clock.now
            // Both clocks are read once for all events of one `recv`.
            let wall = Clock.wall
            try stream.receive(into: buffer) { data in
                if isMeasuring, stream.isMeasured { try noteDelay(data, wall) }
                try onEvent?(data, now)
            }
            if stream.hasEnded { throw BenchError("convey closed the live stream of \(stream.subject)") }
        }
    }

    private func noteDelay(_ data: UnsafeRawBufferPointer, _ wall: Int64) throws {
        guard let place = ByteSearch.find(Self.timeMember, in: data),
            let time = times.nanoseconds(in: data, at: place + Self.timeMember.count)
        else { throw BenchError("an event without a time: \(String(decoding: data, as: UTF8.self))") }
        delays.append(Double(wall - time))
    }

    /// Forgets the delays so far.
    /// - Returns: them, sorted.
    func takeDelays() -> [Double] {
        defer { delays = [] }
        return delays.sorted()
    }

    /// Waits until each stream has brought all recorded events of its conversation.
    func catchUp() throws {
        let newest = try streams.map { try newestOffset(of: $0.subject) }
        try wait(for: "events on live streams") {
            zip(self.streams, newest).allSatisfy { $0.offset >= $1 }
        }
    }

    /// The offset of a conversation's newest event; 0 without one.
    func newestOffset(of subject: String) throws -> Int {
        let path = "/v1/conversations/\(subject)/events?limit=1"
        let answer = convey.get(path)
        if answer?.status == 404 { return 0 }
        let member = Array("\"as_of\":".utf8)
        let offset: Int? = answer.flatMap { answer in
            Array(answer.body.utf8).withUnsafeBytes { body in
                ByteSearch.find(member, in: body).flatMap { ByteSearch.number(in: body, at: $0 + member.count) }
            }
        }
        guard let offset, answer?.status == 200 else {
            throw BenchError("\(path) is answered with \(answer.map { "\($0.status): \($0.body)" } ?? "nothing")")
        }
        return offset
    }

    private func wait(for what: String, _ condition: () -> Bool) throws {
        let deadline = Clock.now + Self.patience
        while !condition() {
            try Interruption.check()
            try receive(waitMilliseconds: 2)
            guard Clock.now < deadline else { throw BenchError("not all \(what) came within 30 s") }
        }
    }
}
