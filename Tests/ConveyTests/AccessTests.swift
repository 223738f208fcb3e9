import Testing

@testable import HTTPServing

@Suite("Access over HTTP")
struct AccessTests {
    /// SHA-256 of `reader-token`, `writer-token`, `admin-token`; made with sha256sum.
    private static func file(expiry: String = "") -> String {
        """
        # who may do what

        ann:read:\(hex("reader-token"))\(expiry)
          ben:write:\(hex("writer-token"))
        cleo:admin:\(hex("admin-token"))
        """
    }

    private static func hex(_ text: String) -> String {
        SHA256.digest(text.utf8).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count < 2 ? "0" + digits : digits
        }.joined()
    }

    private static let lan = HTTPAddress(host: "10.0.0.1", port: 80)
    private static let loopback = HTTPAddress(host: "127.0.0.1", port: 8080)

    // MARK: Hash

    @Test(
        "SHA-256 gives the digests of FIPS 180-4's examples",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (String(repeating: "a", count: 1_000), "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"),
        ])
    func digests(_ text: String, _ expected: String) {
        #expect(Self.hex(text) == expected)
    }

    // MARK: File

    @Test("A token file has a name, a scope and a hash per line, and optionally an expiry")
    func tokensFile() throws {
        let tokens = try TokensFile.parse(Self.file(expiry: ":2027-01-31T00:00:00+01:00"))
        #expect(tokens.tokens.map(\.name) == ["ann", "ben", "cleo"])
        #expect(tokens.tokens.map(\.scope) == [.read, .write, .admin])
        #expect(tokens.tokens[0].expiresAt == 1_801_350_000_000_000)
        #expect(tokens.tokens[1].expiresAt == nil)
    }

    @Test(
        "A wrong line is reported by number, and no message contains its hash",
        arguments: [
            "a:read", "a:all:HASH", "a:read:123", ":read:HASH", "a b:read:HASH", "a:read:HASH:soon", "ok:read:HASH",
        ])
    func wrongLines(_ line: String) {
        let hash = Self.hex("x")
        let text = "ok:read:\(Self.hex("y"))\n" + line.replacing("HASH", with: hash)
        let problem = #expect(throws: TokensFile.Problem.self) { try TokensFile.parse(text) }
        #expect(problem?.line == 2)
        #expect(problem?.message.contains(hash) == false)
    }

    @Test("A file without a token is an error: nobody could sign in")
    func emptyFile() {
        #expect(throws: TokensFile.Problem.self) { try TokensFile.parse("# none yet\n") }
    }

    // MARK: Decisions

    @Test("Other machines are served only with tokens or an authenticating proxy")
    func unprotected() throws {
        let error = #expect(throws: HTTPServiceError.self) { try AccessPolicy(address: Self.lan, tokens: nil) }
        #expect(error?.code == .unprotected)
        _ = try AccessPolicy(address: Self.lan, tokens: nil, allowsAnonymous: true)
        _ = try AccessPolicy(address: Self.lan, tokens: TokensFile.parse(Self.file()))
        _ = try AccessPolicy(address: Self.loopback, tokens: nil)
    }

    @Test("A scope includes those below it and none above", arguments: AccessScope.allCases, AccessScope.allCases)
    func scopes(_ held: AccessScope, _ needed: AccessScope) throws {
        let policy = try AccessPolicy(address: Self.lan, tokens: TokensFile.parse(Self.file()))
        let token = [AccessScope.read: "reader-token", .write: "writer-token", .admin: "admin-token"][held] ?? ""
        let decision = policy.decide(request(token: token), scope: needed, now: 0)
        if held >= needed {
            guard case .allowed(let grant) = decision else { return #expect(Bool(false), "\(decision)") }
            #expect(grant.scope == held)
        } else {
            #expect(decision == .refused(.scopeTooNarrow(needed: needed, held: held)))
        }
    }

    @Test("A missing, wrong, misspelled or expired token is refused, each with its own code")
    func wrongTokens() throws {
        let tokens = try TokensFile.parse(Self.file(expiry: ":1970-01-01T00:00:01Z"))
        let policy = try AccessPolicy(address: Self.lan, tokens: tokens)
        func decide(_ headers: [HTTPHeader: String], now: Int64 = 0) -> AccessDecision {
            policy.decide(request(headers), scope: .read, now: now)
        }
        #expect(decide([:]) == .refused(.tokenMissing))
        #expect(decide([.authorization: "Basic reader-token"]) == .refused(.tokenMissing))
        #expect(decide([.authorization: "Bearer Reader-token"]) == .refused(.tokenUnknown))
        #expect(decide([.authorization: "Bearer \(String(repeating: "x", count: 10_000))"]) == .refused(.tokenUnknown))
        let right = [HTTPHeader.authorization: "bearer reader-token"]
        #expect(decide(right, now: 999_999) != .refused(.tokenExpired))
        #expect(decide(right, now: 1_000_000) == .refused(.tokenExpired))
        // A right cookie does not make up for a wrong header.
        #expect(
            decide([.authorization: "Bearer x", .cookie: "convey_token=writer-token"]) == .refused(.tokenUnknown))
        #expect(
            decide([.cookie: "a=b; convey_token=writer-token"])
                == .allowed(AccessGrant(name: "ben", scope: .write, expiresAt: nil)))
        #expect(decide([.cookie: "xconvey_token=writer-token"]) == .refused(.tokenMissing))
    }

    @Test(
        "Changes are accepted from the service's own pages and from programs, never from another site's page",
        arguments: [
            (["Origin": "http://127.0.0.1:8080"], true), (["Origin": "https://127.0.0.1:8080"], true),
            ([:], true), (["Sec-Fetch-Site": "same-origin"], true), (["Sec-Fetch-Site": "none"], true),
            (["Origin": "https://front.example"], true),
            (["Origin": "http://127.0.0.1:9090"], false), (["Origin": "http://evil.example"], false),
            (["Origin": "null"], false), (["Origin": ""], false), (["Sec-Fetch-Site": "cross-site"], false),
            (["Sec-Fetch-Site": "same-site"], false), (["Origin": "http://127.0.0.1:8080.evil.example"], false),
        ])
    func foreignOrigins(_ headers: [String: String], _ isTaken: Bool) throws {
        let origin = try #require(WebOrigin("https://front.example"))
        let policy = try AccessPolicy(address: Self.loopback, tokens: nil, origins: [origin])
        var all: [HTTPHeader: String] = [.host: "127.0.0.1:8080"]
        for (name, value) in headers { all[HTTPHeader(name)] = value }
        let decision = policy.decide(request(all, method: .POST), scope: .write, now: 0)
        #expect(decision == (isTaken ? .allowed(.anonymous) : .refused(.foreignOrigin)))
        // Browsers keep a foreign page from reading the answer.
        #expect(policy.decide(request(all), scope: .read, now: 0) == .allowed(.anonymous))
    }

    @Test("A service with TLS accepts its own pages only over https")
    func schemes() throws {
        let policy = try AccessPolicy(address: Self.loopback, tokens: nil, isEncrypted: true)
        func decide(_ origin: String) -> AccessDecision {
            let headers = [HTTPHeader.host: "127.0.0.1:8443", HTTPHeader("Origin"): origin]
            return policy.decide(request(headers, method: .POST), scope: .write, now: 0)
        }
        #expect(decide("https://127.0.0.1:8443") == .allowed(.anonymous))
        #expect(decide("http://127.0.0.1:8443") == .refused(.foreignOrigin))
    }

    @Test(
        "Without tokens, only host names of this machine are answered, against DNS rebinding",
        arguments: [
            ("127.0.0.1:8080", true), ("localhost:8080", true), ("[::1]:8080", true), ("127.9.9.9", true),
            ("LOCALHOST", true), ("front.example", true),
            ("evil.example:8080", false), ("127.0.0.1.evil.example", false), ("localhost.evil.example", false),
            ("", false),
        ])
    func foreignHosts(_ host: String, _ isAnswered: Bool) throws {
        let origin = try #require(WebOrigin("https://front.example"))
        let policy = try AccessPolicy(address: Self.loopback, tokens: nil, origins: [origin])
        let decision = policy.decide(request([.host: host]), scope: .read, now: 0)
        #expect(decision == (isAnswered ? .allowed(.anonymous) : .refused(.foreignHost)))
    }

    @Test("Public routes need no token")
    func openRoutes() throws {
        let policy = try AccessPolicy(address: Self.lan, tokens: TokensFile.parse(Self.file()))
        #expect(policy.decide(request([:]), scope: nil, now: 0) == .allowed(.anonymous))
    }

    // MARK: -

    private func request(token: String) -> HTTPRequest { request([.authorization: "Bearer \(token)"]) }

    private func request(_ headers: [HTTPHeader: String], method: HTTPMethod = .GET) -> HTTPRequest {
        HTTPRequest(method: method, target: HTTPTarget("/"), headers: HTTPHeaders(headers))
    }
}
