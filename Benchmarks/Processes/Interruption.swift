import Glibc
import Synchronization

/// SIGINT and SIGTERM: the next `check` throws, so that everything started is stopped and everything written is
/// removed. A second signal ends the process at once; the kernel then ends its children.
enum Interruption {
    private static let received = Atomic<Int32>(0)

    static func install() {
        // The handler must not be the first to touch the variable: that would initialise it.
        received.store(0, ordering: .relaxed)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { Interruption.received.store($0, ordering: .relaxed) }
        action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
        sigaction(SIGINT, &action, nil)
        sigaction(SIGTERM, &action, nil)
    }

    /// The signal received, 0 for none.
    static var signal: Int32 { received.load(ordering: .relaxed) }

    static func check() throws {
        if signal != 0 { throw BenchError("interrupted") }
    }
}
