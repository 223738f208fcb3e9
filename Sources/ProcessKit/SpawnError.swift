import Glibc

/// Why a program could not be started.
package struct SpawnError: Error {
    /// An `errno` value (posix_spawn(3)).
    package let code: Int32

    package var message: String { String(cString: strerror(code)) }
}
