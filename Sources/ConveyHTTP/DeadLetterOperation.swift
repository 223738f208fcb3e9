import HTTPServing

/// The operations on dead letters over HTTP: the single table from which routes and documents are generated.
enum DeadLetterOperation: String, CaseIterable {
    case list
    case show
    case redrive
    case discard

    static let base = "/v1/deadletters"
    /// Letters per page by default.
    static let pageSize = 100

    var path: String {
        switch self {
        case .list: Self.base
        case .show: "\(Self.base)/{position}"
        case .redrive, .discard: "\(Self.base)/\(rawValue)"
        }
    }

    var method: HTTPMethod {
        switch self {
        case .list, .show: .GET
        case .redrive, .discard: .POST
        }
    }

    var scope: AccessScope {
        switch self {
        case .list, .show: .read
        case .redrive, .discard: .admin
        }
    }

    /// The parameters that the query string may have.
    var parameters: [String] {
        switch self {
        case .list: ["after", "limit", "reason"]
        case .show, .redrive, .discard: []
        }
    }

    /// In a few words, for documents and for the list in a 404.
    var summary: String {
        switch self {
        case .list: "dead letters by position: after, limit, reason"
        case .show: "one dead letter with its data"
        case .redrive: "schedule dead letters again"
        case .discard: "discard dead letters for good"
        }
    }
}
