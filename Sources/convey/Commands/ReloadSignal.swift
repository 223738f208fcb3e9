import Dispatch
import Glibc

/// The wish to have files read again: SIGHUP. Never ends the process, not while it starts or stops either.
final class ReloadSignal: Sendable {
    private let watch: SignalWatch

    init(_ reload: @escaping @Sendable () -> Void) {
        watch = SignalWatch([SIGHUP]) { _ in reload() }
    }
}
