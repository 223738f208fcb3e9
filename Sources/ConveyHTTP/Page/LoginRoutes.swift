import Foundation
import HTTPServing

/// The sign-in form. The token becomes a cookie that scripts cannot read and that pages of other sites cannot use.
enum LoginRoutes {
    static let path = "/login"
    static let signOutPath = "/logout"
    /// The longest life of the cookie; shorter if the token expires earlier.
    private static let cookieSeconds: Int64 = 30 * 86_400

    static func make(_ access: AccessPolicy) -> [Route] {
        guard let tokens = access.tokens else { return [] }
        return [
            Route(path, "sign-in form", scope: nil, parameters: ["to"], isSignIn: true) { request in
                let query = QueryString(request.target.query())
                return form(to: place(query?["to"]), problem: nil, status: .ok)
            },
            Route(path, "sign-in form", method: .POST, scope: nil) { request in
                guard let given = await PageActions.read(request) else {
                    return PageLayout.problem(.badRequest, "The form cannot be read.")
                }
                let presented = (given["token"] ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
                let now = Int64(Date().timeIntervalSince1970 * 1_000_000)
                guard let token = tokens.current.find(presented), !token.isExpired(at: now), isCookieText(presented)
                else {
                    return form(
                        to: place(given["to"]), problem: "This token is unknown or has expired.",
                        status: .unauthorized)
                }
                var response = HTTPResponse.redirect(to: place(given["to"]))
                response.headers[.setCookie] = cookie(presented, token, request, now)
                return response
            },
            Route(signOutPath, "sign-out", method: .POST, scope: nil) { _ in
                var response = HTTPResponse.redirect(to: path)
                response.headers[.setCookie] = "\(AccessPolicy.cookie)=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"
                return response
            },
        ]
    }

    private static func form(to place: String, problem: String?, status: HTTPStatusCode) -> HTTPResponse {
        let words: HTML? = problem.map { #"<p class="problem" role="alert">\#($0)</p>"# }
        return PageLayout.response(
            "Sign in", status: status,
            """
            <h1>Sign in</h1>
            \(words)
            <form action="\(path)" method="post">
            <input type="hidden" name="to" value="\(exact: place)">
            <label for="token">Token</label>
            <input id="token" name="token" type="password" autocomplete="current-password" required>
            <button>Sign in</button>
            </form>
            """)
    }

    private static func cookie(_ text: String, _ token: AccessToken, _ request: HTTPRequest, _ now: Int64) -> String {
        let left = token.expiresAt.map { ($0 - now) / 1_000_000 } ?? cookieSeconds
        let isSecure = request.isEncrypted || request.headers[HTTPHeader("Origin")]?.hasPrefix("https:") == true
        return "\(AccessPolicy.cookie)=\(text); Path=/; HttpOnly; SameSite=Strict; Max-Age=\(min(left, cookieSeconds))"
            + (isSecure ? "; Secure" : "")
    }

    /// Whether a token needs no encoding in a cookie (RFC 6750, section 2.1: `b64token`).
    private static func isCookieText(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
            default: "-._~+/=".utf8.contains(byte)
            }
        }
    }

    /// A path on this service; `//example.org` and `/\example.org` would lead elsewhere.
    private static func place(_ text: String?) -> String {
        guard let text, text.hasPrefix("/"), !text.hasPrefix("//"), !text.contains("\\"),
            !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f })
        else { return "/" }
        return text
    }
}
