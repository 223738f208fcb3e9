import Signals

/// Sequences that are missing of a conversation's family.
package struct SequenceHole: Sendable, Hashable {
    package var subject: String
    package var family: Family
    package var first: Int64
    package var last: Int64
}
