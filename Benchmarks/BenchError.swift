import Glibc

/// The reason why a benchmark ended without a result.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    /// - Parameter description: what happened, where, and what to do about it.
    init(_ description: String) {
        self.description = description
    }

    /// A failed system call, with the system's description.
    static func system(_ what: String, code: Int32 = errno) -> BenchError {
        BenchError("\(what): \(String(cString: strerror(code)))")
    }
}
