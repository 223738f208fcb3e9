/// Which signals of a steady load coincide with a checkpoint of Convey's.
///
/// Each signal gives two records, itself and its marker, so on a journal of nothing else a checkpoint is due about
/// every fixed number of signals.
struct CheckpointWindows {
    /// The engine's `checkpointInterval`, in signals.
    static let interval = 16_384 / 2
    /// The signals before the due one that may be delayed: those that came during the checkpoint's transaction, and the
    /// same number for the records by which each checkpoint is late.
    private static let before = 300
    /// A checkpoint spread over transactions has done most of its work by then.
    private static let after = 1_200

    /// Signals recorded before the first of the load.
    var recordedBefore: Int
    /// The number of the load's first signal.
    var first: Int

    func contains(_ number: Int) -> Bool {
        let place = recordedBefore + number - first
        guard place >= Self.interval - Self.before else { return false }
        return (place + Self.before) % Self.interval < Self.before + Self.after
    }

    /// Of `outcome`, ascending, in nanoseconds.
    func latencies(of outcome: SignalLoad.Outcome) -> [Int64] {
        zip(outcome.numbers, outcome.latencies).filter { contains($0.0) }.map { $0.1 }.sorted()
    }
}
