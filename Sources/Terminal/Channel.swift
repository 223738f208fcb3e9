import Glibc

/// Where bytes go. Used in this module only: everybody else's text comes through the gates, which make it printable.
enum Channel {
    case output, error

    /// Ends the process when the reader of standard output has closed the pipe (`| head`). Standard error that cannot be written is not
    /// worth stopping for.
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
