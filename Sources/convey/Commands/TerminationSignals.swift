import Dispatch
import Glibc
import Synchronization

/// A request to stop: the first SIGINT or SIGTERM starts a clean shutdown, the second ends the process at once. As in a crash,
/// nothing acknowledged is lost.
final class TerminationSignals: Sendable {
    private let watch: SignalWatch
    private let first: AsyncStream<String>

    /// - Parameters:
    ///   - onFirst: called on the first signal, even if no task waits for it.
    ///   - onSecond: called with the name of the second signal, before the process ends.
    init(onFirst: @escaping @Sendable () -> Void, onSecond: @escaping @Sendable (String) -> Void) {
        let (stream, continuation) = AsyncStream<String>.makeStream()
        let count = SignalCount()
        first = stream
        watch = SignalWatch([SIGINT, SIGTERM]) { number in
            let name = number == SIGINT ? "SIGINT" : "SIGTERM"
            if count.increment() == 1 {
                onFirst()
                continuation.yield(name)
            } else {
                onSecond(name)
                _exit(128 + number)
            }
        }
    }

    /// Waits for the first signal and returns its name; nil if the task is cancelled first.
    func waitForFirst() async -> String? {
        for await name in first { return name }
        return nil
    }
}

private final class SignalCount: Sendable {
    private let count = Atomic(0)

    func increment() -> Int { count.add(1, ordering: .relaxed).newValue }
}
