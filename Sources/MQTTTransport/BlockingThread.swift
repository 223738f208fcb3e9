import Glibc

/// Starts a detached thread for code that blocks and must not sit on Swift's cooperative pool; `body` decides when it ends.
///
/// - Throws: `systemError` when the process may have no more threads.
package func startThread(_ body: @escaping @Sendable () -> Void) throws(MQTTError) {
    let box = Unmanaged.passRetained(ThreadBody(run: body))
    var thread = pthread_t()
    let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        guard let argument else { return nil }
        Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
        return nil
    }
    let code = pthread_create(&thread, nil, run, box.toOpaque())
    guard code == 0 else {
        box.release()
        throw MQTTError(.systemError, "cannot start a thread: raise the limit on them", underlying: errnoText(code))
    }
    pthread_detach(thread)
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(run: @escaping @Sendable () -> Void) { self.run = run }
}
