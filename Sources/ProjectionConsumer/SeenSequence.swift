import Signals

/// What a projection has seen of a family of a conversation's events.
package struct SeenSequence: Sendable, Equatable {
    package var subject: String
    package var family: Family
    /// The highest sequence seen.
    package var sequence: Int64
}
