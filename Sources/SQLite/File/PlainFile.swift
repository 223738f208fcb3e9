import Glibc

/// A file that is read with plain system calls. It creates nothing, takes no lock, and does not wait for a FIFO's
/// writer.
package final class PlainFile {
    package let path: String
    package let size: Int
    private let descriptor: Int32

    /// Opens a file for reading; nil if it does not exist.
    /// - Throws: if it is not a regular file, or cannot be read.
    package init?(_ path: String) throws(SQLiteError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            if errno == ENOENT { return nil }
            throw SQLiteError(systemError: errno, "cannot check \(path)")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw SQLiteError(.cannotOpen, "\(path) is \(Self.kind(status.st_mode)), not a file")
        }
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw SQLiteError(systemError: errno, "cannot read \(path)") }
        self.path = path
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// The bytes from `offset` on: `count`, or fewer at the end of the file.
    package func read(_ count: Int, at offset: Int) throws(SQLiteError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let length = try read(into: &bytes, at: offset)
        if length < count { bytes.removeSubrange(length...) }
        return bytes
    }

    /// Fills the buffer as far as the file has bytes.
    /// - Returns: the number of bytes read.
    package func read(into buffer: inout [UInt8], at offset: Int) throws(SQLiteError) -> Int {
        var length = 0
        while length < buffer.count {
            let read = buffer.withUnsafeMutableBytes { bytes in
                pread(descriptor, bytes.baseAddress?.advanced(by: length), bytes.count - length, offset + length)
            }
            if read < 0 && errno == EINTR { continue }
            guard read >= 0 else { throw SQLiteError(systemError: errno, "cannot read \(path)") }
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
