/// Publishes many signals at the pace at which Convey takes them, without reading the results: it fills a journal or a
/// queue faster than a measured load would.
struct Feed {
    let publisher: Connection
    let convey: ConveyServer
    /// Called now and then with the number that Convey has taken.
    var progress: (Int) -> Void

    /// Published and not yet taken by Convey; any more waits in the broker's memory.
    private static let outstanding = 20_000
    private static let window = 500
    private static let rest: Int64 = 2_000_000
    /// The interval of reading Convey's metrics.
    private static let lookInterval: Int64 = 100_000_000
    private static let progressStep = 100_000
    private static let patience: Int64 = 60_000_000_000

    init(publisher: Connection, convey: ConveyServer, progress: @escaping (Int) -> Void) {
        self.publisher = publisher
        self.convey = convey
        self.progress = progress
    }

    /// Publishes `count` signals, each by a call of `publish` with its number, and waits until Convey has taken all of them.
    func run(_ count: Int, publish: (Int) -> Void) throws {
        let before = try taken()
        var published = 0
        var taken = 0
        var nextLook = Clock.now
        var deadline = Clock.now + Self.patience
        while taken < count {
            while published < count, publisher.unacknowledged < Self.window, published - taken < Self.outstanding {
                publish(published)
                published += 1
            }
            try Interruption.check()
            try publisher.flush()
            Clock.sleep(until: Clock.now + Self.rest)
            try publisher.receive { _, _ in }
            guard Clock.now >= nextLook else { continue }
            let now = try self.taken() - before
            if now / Self.progressStep > taken / Self.progressStep { progress(now) }
            if now > taken { deadline = Clock.now + Self.patience }
            taken = now
            nextLook = Clock.now + Self.lookInterval
            guard Clock.now < deadline else { throw BenchError("convey took only \(taken) of \(count) signals") }
        }
    }

    private func taken() throws -> Int { Int(try convey.metrics()["convey_signals_received_total"]) }
}
