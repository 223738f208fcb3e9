/// Decides what a client may do over HTTP. The decision depends only on the request, the time and the current tokens.
package struct AccessPolicy: Sendable {
    /// Nil if no token is needed.
    package let tokens: FileValue<AccessTokens>?
    /// Other origins whose pages have the rights of the service's own page.
    package let origins: Set<WebOrigin>
    /// Whether `Host` must be a name of this machine. True on loopback without tokens: otherwise a foreign page whose
    /// name resolves to 127.0.0.1 could read everything (DNS rebinding).
    let needsLocalHost: Bool
    /// Whether the service itself uses TLS; its own pages then have an https origin.
    let isEncrypted: Bool

    /// The cookie with a browser's token. Only the service's own pages send it (`SameSite=Strict`).
    package static let cookie = "convey_token"

    /// - Parameters:
    ///   - address: the address that the service listens on.
    ///   - isEncrypted: whether the service uses TLS. It still needs tokens: its certificate does not identify clients.
    ///   - allowsAnonymous: whether other machines need no token, because a proxy in front controls access.
    /// - Throws: if other machines could reach the service without a token.
    package init(
        address: HTTPAddress, tokens: AccessTokens?, origins: Set<WebOrigin> = [], isEncrypted: Bool = false,
        allowsAnonymous: Bool = false
    ) throws(HTTPServiceError) {
        try self.init(
            address: address, tokensFile: tokens.map { FileValue($0) }, origins: origins, isEncrypted: isEncrypted,
            allowsAnonymous: allowsAnonymous)
    }

    /// As above, with tokens that can change.
    package init(
        address: HTTPAddress, tokensFile tokens: FileValue<AccessTokens>?, origins: Set<WebOrigin> = [],
        isEncrypted: Bool = false, allowsAnonymous: Bool = false
    ) throws(HTTPServiceError) {
        guard address.isLoopback || tokens != nil || allowsAnonymous else {
            throw HTTPServiceError(
                code: .unprotected,
                message: "http.address: \(address) can be reached from other machines, so http.tokens_file is needed;"
                    + " or set http.allow_anonymous if a proxy or a published port controls access")
        }
        self.tokens = tokens
        self.origins = origins
        self.isEncrypted = isEncrypted
        needsLocalHost = tokens == nil && address.isLoopback && !allowsAnonymous
    }

    /// - Parameters:
    ///   - scope: the scope that the route requires; nil for public routes.
    ///   - now: microseconds since 1970.
    func decide(_ request: HTTPRequest, scope: AccessScope?, now: Int64) -> AccessDecision {
        // Public routes are served under any name.
        if needsLocalHost, scope != nil, !isLocal(request.headers[.host]) { return .refused(.foreignHost) }
        if request.method != .GET, request.method != .HEAD, !isOwnPage(request) { return .refused(.foreignOrigin) }
        guard let scope else { return .allowed(.anonymous) }
        guard let tokens else { return .allowed(.anonymous) }
        guard let presented = Self.presentedToken(request.headers) else { return .refused(.tokenMissing) }
        guard let token = tokens.current.find(presented) else { return .refused(.tokenUnknown) }
        if token.isExpired(at: now) { return .refused(.tokenExpired) }
        guard token.scope >= scope else { return .refused(.scopeTooNarrow(needed: scope, held: token.scope)) }
        return .allowed(AccessGrant(name: token.name, scope: token.scope, expiresAt: token.expiresAt))
    }

    /// `Authorization: Bearer …` (RFC 6750, section 2.1) takes precedence over the cookie.
    private static func presentedToken(_ headers: HTTPHeaders) -> String? {
        if let authorization = headers[.authorization] {
            let words = authorization.split(separator: " ", maxSplits: 1)
            guard words.count == 2, words[0].lowercased() == "bearer" else { return nil }
            return words[1].trimming(while: \.isWhitespace)
        }
        let items = (headers[.cookie] ?? "").split(separator: ";")
        for item in items {
            let parts = item.split(separator: "=", maxSplits: 1)
            if parts.count == 2, parts[0].trimming(while: \.isWhitespace) == cookie {
                return parts[1].trimming(while: \.isWhitespace)
            }
        }
        return nil
    }

    /// Whether a request that changes something comes from a page of this service or from a program.
    ///
    /// Browsers send `Origin` with every cross-origin POST and `Sec-Fetch-Site` with every request; other programs send neither.
    private func isOwnPage(_ request: HTTPRequest) -> Bool {
        guard let text = request.headers[HTTPHeader("Origin")] else {
            let site = request.headers[HTTPHeader("Sec-Fetch-Site")] ?? "none"
            return site == "same-origin" || site == "none"
        }
        guard let origin = WebOrigin(text) else { return false }
        if origins.contains(origin) { return true }
        // A proxy in front may use TLS when this service does not, so the scheme is compared only if the service uses
        // TLS.
        if isEncrypted, origin.scheme != "https" { return false }
        guard let host = request.headers[.host] else { return false }
        return WebOrigin(scheme: origin.scheme, host: host) == origin
    }

    private func isLocal(_ host: String?) -> Bool {
        guard let host, let named = WebOrigin(scheme: "http", host: host) else { return false }
        if origins.contains(where: { $0.authority == named.authority }) { return true }
        var name = named.authority[...]
        if let colon = name.lastIndex(of: ":"), name[name.index(after: colon)...].allSatisfy(\.isNumber) {
            name = name[..<colon]
        }
        return name == "localhost" || name == "[::1]" || Self.isLoopbackIPv4(name)
    }

    /// `127.1.2.3`, digits only: `127.0.0.1.example.org` is a foreign name.
    private static func isLoopbackIPv4(_ text: Substring) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}

extension Substring {
    fileprivate func trimming(while isLeftOut: (Character) -> Bool) -> String {
        var rest = drop(while: isLeftOut)
        while let last = rest.last, isLeftOut(last) { rest.removeLast() }
        return String(rest)
    }
}
