/// What a token permits. Each scope includes the previous ones.
package enum AccessScope: String, Sendable, CaseIterable, Comparable {
    /// Reading: queries, live events, metrics, the page.
    case read
    /// Publishing signals, control signals included.
    case write
    /// Operations: re-driving and discarding dead letters.
    case admin

    package static func < (left: AccessScope, right: AccessScope) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .read: 0
        case .write: 1
        case .admin: 2
        }
    }
}
