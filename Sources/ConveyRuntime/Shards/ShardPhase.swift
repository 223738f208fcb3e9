/// Where a shard is in its life.
enum ShardPhase: Sendable {
    /// Its journal is being opened and recovered for the first time.
    case opening
    /// It takes signals.
    case serving
    /// Its journal cannot be written at the moment, and is tried again.
    case waiting(any Error)
    /// It will not serve any more in this process.
    case failed(any Error)
    /// Its engine has stopped as asked; what it has committed is being published.
    case stopping
    /// Everything of it has come to an end, after a failure or a stop.
    case ended((any Error)?)

    var isServing: Bool {
        if case .serving = self { return true }
        return false
    }

    /// Whether the first attempt at opening it is over.
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

    /// Why it does not serve; nil where that is no fault.
    var failure: (any Error)? {
        switch self {
        case .opening, .serving, .stopping: nil
        case .waiting(let error), .failed(let error): error
        case .ended(let error): error
        }
    }
}
