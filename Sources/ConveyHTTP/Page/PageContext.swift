import HTTPServing

/// The data of a page: the service's status and answers, and the rights of the viewer.
struct PageContext: Sendable {
    let sources: PageSources
    let grant: AccessGrant
    /// Whether the viewer has signed in and can sign out.
    let canSignOut: Bool
    /// The name under which the page's queries are counted.
    let asker: String

    var queries: PageQueries { PageQueries(service: sources.queries, asker: asker) }

    /// Whether the viewer may use the controls of a scope. Others do not see them, and `AccessPolicy` refuses their requests.
    func may(_ scope: AccessScope) -> Bool { grant.scope >= scope }
}
