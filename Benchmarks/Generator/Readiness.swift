import Glibc

/// Waits for sockets with a finer clock than `poll`'s milliseconds.
enum Readiness {
    /// Returns when one of the connections has something to read or room to write, or at `instant` (`Clock.now`).
    static func wait(for connections: [Connection], until instant: Int64) {
        var readers = fd_set()
        var writers = fd_set()
        var highest: Int32 = -1
        for connection in connections {
            add(connection.descriptor, to: &readers)
            if connection.hasUnsent { add(connection.descriptor, to: &writers) }
            highest = max(highest, connection.descriptor)
        }
        let wait = max(0, instant - Clock.now)
        var timeout = timespec(tv_sec: Int(wait / 1_000_000_000), tv_nsec: Int(wait % 1_000_000_000))
        _ = pselect(highest + 1, &readers, &writers, nil, &timeout, nil)
    }

    /// The macro FD_SET. Descriptors here are far below FD_SETSIZE: a generator has a dozen.
    private static func add(_ descriptor: Int32, to set: inout fd_set) {
        withUnsafeMutableBytes(of: &set) { $0[Int(descriptor) / 8] |= 1 << UInt8(descriptor % 8) }
    }
}
