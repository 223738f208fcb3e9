/// The routes of a service, indexed by path.
struct RouteTable: Sendable {
    private enum Segment: Sendable, Equatable {
        case literal(Substring)
        /// Any text that is not empty.
        case placeholder
    }

    private struct Pattern: Sendable {
        let segments: [Segment]
        let route: Route
        let placeholders: Int

        init?(_ route: Route) {
            segments = RouteTable.split(route.path).map { $0.hasPrefix("{") ? .placeholder : .literal($0) }
            placeholders = segments.count { $0 == .placeholder }
            self.route = route
            if placeholders == 0 { return nil }
        }

        func matches(_ path: [Substring]) -> Bool {
            guard path.count == segments.count else { return false }
            for (segment, text) in zip(segments, path) {
                switch segment {
                case .literal(let literal): if literal != text { return false }
                case .placeholder: if text.isEmpty { return false }
                }
            }
            return true
        }
    }

    /// Routes without placeholders, by their path.
    private let exact: [String: [Route]]
    /// The other routes; those with the fewest placeholders first.
    private let patterns: [Pattern]
    /// One line per route, for the body of a 404: `GET /metrics: numbers in the Prometheus text format`.
    let lines: [String]
    /// The page on which a person enters a token; nil if the service has none.
    let signInPath: String?

    init(_ routes: [Route]) {
        let patterns = routes.compactMap(Pattern.init)
        exact = Dictionary(grouping: routes.filter { !$0.path.contains("{") }, by: \.path)
        let mostPlaceholders = patterns.map(\.placeholders).max() ?? 0
        // `/{subject}/stream` before `/{subject}/{view}`.
        self.patterns = (0...mostPlaceholders).flatMap { count in patterns.filter { $0.placeholders == count } }
        lines = routes.map { "\($0.method.rawValue) \($0.path): \($0.summary)" }
        signInPath = routes.first { $0.isSignIn && $0.method == .GET }?.path
    }

    /// The routes of a path, percent-encoded as received: those that match it with the fewest placeholders. So a path
    /// that one of them names answers only its own methods, not those of `/{subject}/{view}`.
    func routes(for path: String) -> [Route] {
        if let exact = exact[path] { return exact }
        let segments = Self.split(path)
        let matching = patterns.filter { $0.matches(segments) }
        return matching.filter { $0.placeholders == matching.first?.placeholders }.map(\.route)
    }

    private static func split(_ path: String) -> [Substring] {
        path.split(separator: "/", omittingEmptySubsequences: false)
    }
}
