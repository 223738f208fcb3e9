/// The process may have no more threads.
package struct ThreadError: Error, CustomStringConvertible {
    /// The thread that could not be started.
    package var name: String
    /// The system's error text.
    package var reason: String

    package var description: String { "cannot start thread \(name): \(reason); raise the limit on threads" }
}
