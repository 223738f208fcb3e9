/// What a page is made with: the service's numbers and answers, and who looks.
struct PageContext: Sendable {
    let sources: PageSources
    let grant: AccessGrant
    /// Whether who looks has given a token, which can be taken back.
    let canSignOut: Bool
    /// Whose questions those of the page are.
    let asker: String

    var queries: PageQueries { PageQueries(service: sources.queries, asker: asker) }

    /// Whether who looks may use the controls of a scope. Those who may not do not see them; what they send anyway is
    /// refused by `AccessPolicy`.
    func may(_ scope: AccessScope) -> Bool { grant.scope >= scope }
}
