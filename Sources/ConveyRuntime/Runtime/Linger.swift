import Glibc

/// A short rest of a busy connection's thread, so that more gathers for its next round: a transaction, a wake-up and a
/// segment then serve many messages. Kafka's producers call it linger. Measured in docs/operations/performance.md.
///
/// Only where the last round was so large that its successor is not waited for by anybody in particular: below these
/// numbers nothing rests, and a lone signal is never delayed.
enum Linger {
    /// Messages in one read of the ingress.
    static let messages = 32
    /// Publishes on their way to the broker.
    static let publishes = 32

    private static let microseconds: UInt32 = 2_000

    static func rest() {
        usleep(microseconds)
    }
}
