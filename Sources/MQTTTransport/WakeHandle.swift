import CMosquitto  // For eventfd, which Glibc's module omits.
import Glibc

/// Lets any thread end another thread's `MQTTConnection.poll`.
public final class WakeHandle: Sendable {
    /// An eventfd; the kernel makes reads and writes safe from any thread.
    let descriptor: Int32

    /// - Throws: `systemError` if the process has no descriptor left.
    public init() throws(MQTTError) {
        descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard descriptor >= 0 else {
            throw MQTTError(
                .systemError, "cannot create an event descriptor: raise the limit on open files",
                underlying: errnoText())
        }
    }

    deinit { close(descriptor) }

    /// Ends the poll that waits on this handle, or otherwise the next one. Callable from any thread; never blocks.
    public func wake() {
        var one: UInt64 = 1
        // EAGAIN means that the counter is full: a wake-up is already pending.
        _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Forgets pending wake-ups. Called only by the polling thread.
    func drain() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, MemoryLayout<UInt64>.size)
    }
}

/// The operating system's text for `code`, by default the calling thread's errno.
func errnoText(_ code: Int32 = errno) -> String {
    String(cString: strerror(code))
}
