import Dispatch
import Glibc

/// Replaces the default action of operating system signals by a closure.
///
/// Invariant of `@unchecked Sendable`: the sources are created in `init`, and only cancelled, in `deinit`.
final class SignalWatch: @unchecked Sendable {
    private let sources: [any DispatchSourceSignal]

    /// - Parameter onSignal: called with the signal's number, on a separate queue.
    init(_ numbers: [Int32], onSignal: @escaping @Sendable (Int32) -> Void) {
        // A separate queue gets a thread even while all shared ones are blocked.
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

    /// Makes a service survive signals that would end it: a closed terminal, a closed reader of its output, and signals
    /// without meaning for it. Call it before anything else; a watch may follow.
    static func ignoreWhatEndsServices() {
        for number in [SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2] { signal(number, SIG_IGN) }
    }
}
