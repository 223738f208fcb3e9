/// What a token allows. Each scope includes the ones before it.
public enum AccessScope: String, Sendable, CaseIterable, Comparable {
    /// Looking: queries, live events, metrics, the page.
    case read
    /// Taking part: publishing signals, control signals among them.
    case write
    /// Operating: moving dead letters.
    case admin

    public static func < (left: AccessScope, right: AccessScope) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .read: 0
        case .write: 1
        case .admin: 2
        }
    }
}
