import Dispatch
import Glibc

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
