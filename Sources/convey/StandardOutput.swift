import Glibc

/// Unbuffered standard output, so that each piece of an answer is visible at once.
enum StandardOutput {
    /// Writes the text. Ends the process when the reader has closed the pipe (`| head`).
    static func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { _exit(0) }
            bytes = bytes.dropFirst(count)
        }
    }
}
