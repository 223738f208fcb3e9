import Glibc

/// The destination of bytes. Used only in this module: all other text comes through the filters that make it printable.
enum Channel {
    case output, error

    /// Ends the process if the reader of standard output has closed the pipe (`| head`). An unwritable standard error
    /// is no reason to stop.
    func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        let descriptor = self == .output ? STDOUT_FILENO : STDERR_FILENO
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                if self == .output { _exit(0) }
                return
            }
            bytes = bytes.dropFirst(count)
        }
    }
}
