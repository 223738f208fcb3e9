import CMosquitto  // For eventfd, which Glibc's module leaves out.
import Glibc

/// Lets any thread end another thread's `MQTTConnection.poll`.
public final class WakeHandle: Sendable {
    /// An eventfd; the kernel makes reads and writes of it safe from any thread.
    let descriptor: Int32

    /// - Throws: `systemError` when the process has no descriptor left.
    public init() throws(MQTTError) {
        descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard descriptor >= 0 else {
            throw MQTTError(
                .systemError, "cannot create an event descriptor: raise the limit on open files",
                underlying: errnoText())
        }
    }

    deinit { close(descriptor) }

    /// Ends the poll that is waiting on this handle, or else the next one. Any thread; never blocks.
    public func wake() {
        var one: UInt64 = 1
        // EAGAIN means that the counter is full: a wake-up is pending, which is all that was asked for.
        _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Forgets pending wake-ups. Called by the polling thread only.
    func drain() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, MemoryLayout<UInt64>.size)
    }
}

/// The operating system's words for `code`, by default the calling thread's errno.
func errnoText(_ code: Int32 = errno) -> String {
    String(cString: strerror(code))
}
