import Glibc
import ProcessKit

/// Tests a TCP port of 127.0.0.1.
enum LoopbackPort {
    /// Whether nothing listens there, so that a broker can.
    static func isFree(_ port: UInt16) -> Bool {
        withSocket { descriptor in
            var one: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
            return LoopbackAddress.with(port: port) { bind(descriptor, $0, $1) } == 0 && listen(descriptor, 1) == 0
        }
    }

    /// Whether something accepts connections there.
    static func answers(_ port: UInt16) -> Bool {
        withSocket { descriptor in LoopbackAddress.with(port: port) { connect(descriptor, $0, $1) } == 0 }
    }

    private static func withSocket(_ body: (Int32) -> Bool) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return body(descriptor)
    }
}
