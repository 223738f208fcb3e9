import ConveyRuntime
import Glibc

/// A file that is read with plain system calls. Creates nothing, takes no lock, and does not wait for a FIFO's writer.
final class PlainFile {
    let path: String
    let size: Int
    private let descriptor: Int32

    /// Opens a file for reading; nil where there is none.
    /// - Throws: for what is no regular file, or cannot be read.
    init?(_ path: String) throws(JournalError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            if errno == ENOENT { return nil }
            throw JournalError(systemError: errno, "cannot look at \(path)")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw JournalError(.cannotOpen, "\(path) is \(Self.kind(status.st_mode)), not a file")
        }
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw JournalError(systemError: errno, "cannot read \(path)") }
        self.path = path
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// The bytes from `offset` on: `count`, or fewer where the file ends.
    func read(_ count: Int, at offset: Int) throws(JournalError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let length = try read(into: &bytes, at: offset)
        if length < count { bytes.removeSubrange(length...) }
        return bytes
    }

    /// Fills the buffer as far as the file goes.
    /// - Returns: how many bytes were read.
    func read(into buffer: inout [UInt8], at offset: Int) throws(JournalError) -> Int {
        var length = 0
        while length < buffer.count {
            let read = buffer.withUnsafeMutableBytes { bytes in
                pread(descriptor, bytes.baseAddress?.advanced(by: length), bytes.count - length, offset + length)
            }
            if read < 0 && errno == EINTR { continue }
            guard read >= 0 else { throw JournalError(systemError: errno, "cannot read \(path)") }
            if read == 0 { break }
            length += read
        }
        return length
    }

    private static func kind(_ mode: mode_t) -> String {
        switch mode & S_IFMT {
        case S_IFDIR: "a directory"
        case S_IFIFO: "a FIFO"
        case S_IFSOCK: "a socket"
        default: "a device"
        }
    }
}

extension JournalError {
    /// What a failed system call means for a journal.
    /// - Parameter code: `errno`; 0 where SQLite refuses by itself.
    init(systemError code: Int32, _ what: String) {
        if code == 0 {
            self.init(.cannotOpen, what)
            return
        }
        let reason = "\(what): \(String(cString: strerror(code)))"
        switch code {
        case ENOSPC, EDQUOT: self.init(.diskFull, reason + "; free space on this disk, Convey goes on by itself")
        case EIO, EROFS, EMFILE, ENFILE, ENOMEM, EINTR, EAGAIN, ESTALE, ETIMEDOUT: self.init(.inputOutput, reason)
        default: self.init(.cannotOpen, reason)
        }
    }
}
