import Glibc
import Logging

/// A thread of its own, for work that blocks: a C library, a disk. Ends when its body returns.
package final class DedicatedThread: Sendable {
    private let handle: pthread_t
    private let name: String
    private let hasEnded: Monitor<Bool>

    /// - Parameter name: shown by `top -H` and debuggers; Linux keeps 15 bytes.
    package init(name: String, _ body: @escaping @Sendable () -> Void) {
        let hasEnded = Monitor(false)
        let start = Unmanaged.passRetained(
            Start(name: name) {
                body()
                hasEnded.change { $0 = true }
            })
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
        precondition(code == 0, "cannot start thread \(name): \(String(cString: strerror(code)))")
        self.handle = handle
        self.name = name
        self.hasEnded = hasEnded
    }

    /// Waits until the body has returned. Call it once.
    func join() {
        pthread_join(handle, nil)
    }

    /// The same, for a thread that may hang: after the deadline (microseconds, monotonic) it is left to itself, which is
    /// said in the log. What waits for it must be able to go on without it.
    package func join(until deadline: Int64, logger: Logger) {
        guard hasEnded.wait(until: deadline, { $0 ? true : nil }) == nil else { return join() }
        logger.error("a thread does not end; the stop goes on without it", metadata: ["thread": "\(name)"])
        pthread_detach(handle)
    }

    /// Without a name the thread works just as well, so a failure is ignored.
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

/// A value that threads wait on: a mutex and a condition variable around it.
///
/// Invariant: `value` is only touched while `mutex` is held; the two C objects are allocated once, never moved, and
/// destroyed last. No caller's code runs under the lock but the closures given here, which must not block.
package final class Monitor<Value>: @unchecked Sendable {
    private var value: Value
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    package init(_ value: sending Value) {
        self.value = value
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Changes the value and wakes who waits.
    package func change<Result>(_ body: (inout Value) -> sending Result) -> sending Result {
        pthread_mutex_lock(mutex)
        let result = body(&value)
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
        return result
    }

    /// Waits until `take` returns something, or the deadline passes, which gives nil.
    /// - Parameter deadline: microseconds of the monotonic clock, negative ones being as good as zero; nil waits without
    ///   limit.
    package func wait<Result>(until deadline: Int64?, _ take: (inout Value) -> sending Result?) -> sending Result? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = take(&value) { return result }
            guard let deadline else {
                check(pthread_cond_wait(condition, mutex))
                continue
            }
            // A negative time is EINVAL.
            let (seconds, fraction) = max(0, deadline).quotientAndRemainder(dividingBy: 1_000_000)
            var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(fraction) * 1_000)
            let code = pthread_cond_timedwait(condition, mutex, &time)
            if code == ETIMEDOUT { return take(&value) }
            check(code)
        }
    }

    /// A wait that fails returns at once. Taking that for "nothing yet" would turn it into a busy loop that never ends, so
    /// the process ends instead: only a defect in this file can cause it.
    private func check(_ code: Int32) {
        guard code != 0 else { return }
        fatalError("waiting for a condition failed: \(String(cString: strerror(code))) (\(code))")
    }
}
