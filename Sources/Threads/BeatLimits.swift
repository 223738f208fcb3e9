/// The maximum duration of a thread's round. A probe of `/healthz` must not restart a slow but working process, so each
/// limit is far above the duration of a round on a slow machine.
public enum BeatLimits {
    /// A transaction, including its sync to disk; worn-out cards take ten seconds.
    public static let engine = Duration.seconds(30)
    /// Opening the journal, including SQLite's own recovery, and reading the records after the last checkpoint.
    public static let start = Duration.seconds(600)
    /// One round of a connection to the broker.
    public static let connection = Duration.seconds(30)
    /// Name resolution and a TCP handshake take as long as the kernel tries: 130 s if a host drops packets.
    public static let connecting = Duration.seconds(180)
    /// Ingress waits for the engine's commit, which has 30 s and its own beat.
    public static let commit = Duration.seconds(60)
    /// A query has 4 s, checked between reads from the disk.
    public static let query = Duration.seconds(60)
    /// Its thread has a low priority and pauses as it likes.
    public static let verification = Duration.seconds(600)
    /// When the engine's beat is older than this, a user would notice that signals are not accepted: `/readyz` reports
    /// it.
    package static let engineReady = 10.0
}
