/// How long threads may take for one turn. A probe of `/healthz` must not restart what is slow but works, so each
/// limit is far above what a turn takes on a slow machine.
public enum BeatLimits {
    /// A transaction, its sync to disk included; worn-out cards take ten seconds.
    public static let engine = Duration.seconds(30)
    /// Opening the journal, SQLite's own recovery included, and reading what the last checkpoint left.
    public static let start = Duration.seconds(600)
    /// One round of a connection to the broker.
    public static let connection = Duration.seconds(30)
    /// Name resolution and a TCP handshake take as long as the kernel tries: 130 s where a host swallows packets.
    public static let connecting = Duration.seconds(180)
    /// Ingress waits for the engine's commit; that one has 30 s, and its own beat.
    public static let commit = Duration.seconds(60)
    /// A question has 4 s, looked at between reads from the disk.
    public static let query = Duration.seconds(60)
    /// Its thread has a low priority and rests as it likes.
    public static let verification = Duration.seconds(600)
    /// Beyond this age of the engine's beat signals are not taken as a user would expect it: `/readyz` says so.
    package static let engineReady = 10.0
}
