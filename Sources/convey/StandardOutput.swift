import Glibc

/// Standard output without a buffer, so that a piece of an answer is seen when it comes.
enum StandardOutput {
    /// Writes the text. When nobody reads any more (`| head`), the process ends.
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
