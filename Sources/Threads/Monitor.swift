import Glibc

/// A value on which threads wait, with a mutex and a condition variable around it.
///
/// Invariant: `value` is accessed only while `mutex` is held; the two C objects are allocated once, never moved, and
/// destroyed last. Only the closures given here run under the lock, and they must not block.
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

    /// Changes the value and wakes all waiting threads.
    package func change<Result>(_ body: (inout Value) -> sending Result) -> sending Result {
        pthread_mutex_lock(mutex)
        let result = body(&value)
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
        return result
    }

    /// Waits until `take` returns something, or the deadline passes and nil is returned.
    /// - Parameter deadline: microseconds of the monotonic clock; negative values count as zero; nil waits without
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

    /// A wait that fails returns at once. Treating that as "nothing yet" would cause an endless busy loop, so the
    /// process ends instead. Only a defect in this file can cause it.
    private func check(_ code: Int32) {
        guard code != 0 else { return }
        fatalError("waiting for a condition failed: \(String(cString: strerror(code))) (\(code))")
    }
}
