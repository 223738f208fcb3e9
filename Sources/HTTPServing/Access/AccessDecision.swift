/// Whether a request is authorized.
enum AccessDecision: Sendable, Equatable {
    case allowed(AccessGrant)
    case refused(AccessRefusal)
}
