/// The phase of a shard's life.
enum ShardPhase: Sendable {
    /// Its journal is being opened and recovered for the first time.
    case opening
    /// It accepts signals.
    case serving
    /// Its journal cannot be written at the moment; it retries.
    case waiting(any Error)
    /// It will not serve again in this process.
    case failed(any Error)
    /// Its engine has stopped as requested; committed events are being published.
    case stopping
    /// Everything has ended, after a failure or a stop.
    case ended((any Error)?)

    var isServing: Bool {
        if case .serving = self { return true }
        return false
    }

    /// Whether the first attempt to open it is over.
    var isSettled: Bool {
        if case .opening = self { return false }
        return true
    }

    /// Whether its engine makes no further transactions.
    var hasEngineEnded: Bool {
        switch self {
        case .opening, .serving, .waiting: false
        case .failed, .stopping, .ended: true
        }
    }

    var hasEnded: Bool {
        if case .ended = self { return true }
        return false
    }

    /// Why it does not serve; nil if there is no fault.
    var failure: (any Error)? {
        switch self {
        case .opening, .serving, .stopping: nil
        case .waiting(let error), .failed(let error): error
        case .ended(let error): error
        }
    }
}
