import Glibc

/// An error of a database or its files.
package struct SQLiteError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// It is not the expected database, or access to it is denied.
        case cannotOpen = "cannot_open"
        case newerVersion = "newer_version"
        case corrupt
        case diskFull = "disk_full"
        case busy
        case inputOutput = "input_output"
        /// fsync failed: the page cache can no longer be trusted, so the process must end.
        case syncFailed = "sync_failed"
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The error for a failed system call.
    /// - Parameter code: `errno`; 0 if SQLite itself refuses.
    package init(systemError code: Int32, _ what: String) {
        if code == 0 {
            self.init(.cannotOpen, what)
            return
        }
        let reason = "\(what): \(String(cString: strerror(code)))"
        switch code {
        case ENOSPC, EDQUOT: self.init(.diskFull, reason + "; free space on this disk; Convey then continues by itself")
        case EIO, EROFS, EMFILE, ENFILE, ENOMEM, EINTR, EAGAIN, ESTALE, ETIMEDOUT: self.init(.inputOutput, reason)
        default: self.init(.cannotOpen, reason)
        }
    }

    package var description: String { "\(code.rawValue): \(message)" }
}

extension SQLiteError: SQLiteFailure {
    package init(_ error: SQLiteError) { self = error }
}
