import Glibc
import Logging

/// A separate thread for work that blocks: a C library, a disk. Ends when its body returns.
package final class DedicatedThread: Sendable {
    private let handle: pthread_t
    private let name: String
    private let hasEnded: Monitor<Bool>

    /// - Parameter name: shown by `top -H` and debuggers; Linux keeps 15 bytes.
    package init(name: String, _ body: @escaping @Sendable () -> Void) {
        let hasEnded = Monitor(false)
        do throws(ThreadError) {
            handle = try Self.create(name) {
                body()
                hasEnded.change { $0 = true }
            }
        } catch {
            preconditionFailure("\(error)")
        }
        self.name = name
        self.hasEnded = hasEnded
    }

    /// Starts a thread for which nothing waits.
    /// - Throws: if the process may have no more threads.
    package static func detach(
        name: String, _ body: @escaping @Sendable () -> Void
    ) throws(ThreadError) {
        pthread_detach(try create(name, body))
    }

    /// Waits until the body has returned. Call it once.
    package func join() {
        pthread_join(handle, nil)
    }

    /// The same, for a thread that may hang: after the deadline (microseconds, monotonic) it is abandoned, which is
    /// logged. The caller must be able to continue without it.
    package func join(until deadline: Int64, logger: Logger) {
        guard hasEnded.wait(until: deadline, { $0 ? true : nil }) == nil else { return join() }
        logger.error("a thread does not end; the stop continues without it", metadata: ["thread": "\(name)"])
        pthread_detach(handle)
    }

    private static func create(
        _ name: String, _ body: @escaping @Sendable () -> Void
    ) throws(ThreadError) -> pthread_t {
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var handle = pthread_t()
        let code = pthread_create(
            &handle, nil,
            { argument in
                guard let argument else { return nil }
                let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                DedicatedThread.nameCurrent(start.name)
                start.body()
                return nil
            }, start.toOpaque())
        guard code == 0 else {
            start.release()
            throw ThreadError(name: name, reason: String(cString: strerror(code)))
        }
        return handle
    }

    /// The thread works without a name, so a failure is ignored.
    private static func nameCurrent(_ name: String) {
        let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        let bytes = Array(name.utf8.prefix(15))
        _ = write(file, bytes, bytes.count)
        close(file)
    }

    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}
