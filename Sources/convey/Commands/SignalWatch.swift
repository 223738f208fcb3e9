import Dispatch
import Glibc
import Synchronization

/// Takes signals of the operating system away from their default action and hands them to a closure.
///
/// Invariant of `@unchecked Sendable`: the sources are made in `init`, and only cancelled, in `deinit`.
final class SignalWatch: @unchecked Sendable {
    private let sources: [any DispatchSourceSignal]

    /// - Parameter onSignal: called with the signal's number, on a queue of its own.
    init(_ numbers: [Int32], onSignal: @escaping @Sendable (Int32) -> Void) {
        // A queue of its own gets a thread also while all of the shared ones are blocked.
        let queue = DispatchQueue(label: "convey.signals")
        sources = numbers.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { onSignal(number) }
            source.activate()
            return source
        }
    }

    deinit {
        sources.forEach { $0.cancel() }
    }

    /// Has a service live through signals that would end it: a terminal that is closed, a reader of its output that has gone,
    /// and those that mean nothing to it. To be called before anything else; a watch may follow.
    static func ignoreWhatEndsServices() {
        for number in [SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2] { signal(number, SIG_IGN) }
    }
}

/// The wish to have files read again: SIGHUP. Never ends the process, not while it starts or stops either.
final class ReloadSignal: Sendable {
    private let watch: SignalWatch

    init(_ reload: @escaping @Sendable () -> Void) {
        watch = SignalWatch([SIGHUP]) { _ in reload() }
    }
}

/// The wish to stop: the first SIGINT or SIGTERM asks for a clean stop, the second ends the process at once. What is then
/// lost is what a crash would lose: nothing acknowledged.
final class TerminationSignals: Sendable {
    private let watch: SignalWatch
    private let first: AsyncStream<String>

    /// - Parameters:
    ///   - onFirst: called when the first signal comes, whether or not anybody waits for it.
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

    /// Waits for the first signal and returns its name; nil when the task is cancelled before one comes.
    func waitForFirst() async -> String? {
        for await name in first { return name }
        return nil
    }
}

private final class SignalCount: Sendable {
    private let count = Atomic(0)

    func increment() -> Int { count.add(1, ordering: .relaxed).newValue }
}
