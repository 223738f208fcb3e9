import Dispatch
import Glibc

/// A request to reload files: SIGHUP. It never ends the process, even during the start or the shutdown.
final class ReloadSignal: Sendable {
    private let watch: SignalWatch

    init(_ reload: @escaping @Sendable () -> Void) {
        watch = SignalWatch([SIGHUP]) { _ in reload() }
    }
}
