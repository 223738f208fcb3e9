import Foundation
import HTTPServing

/// The frame of all pages.
enum PageLayout {
    /// Allows the service's own stylesheet, script, icon and answers; nothing inline, no third-party requests, no frames, and no
    /// text that becomes markup in the browser.
    static let contentSecurityPolicy =
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

    /// - Parameters:
    ///   - here: the current page in the navigation.
    ///   - page: nil for a public page.
    static func response(
        _ title: String, status: HTTPStatusCode = .ok, here: PagePath? = nil, in page: PageContext? = nil,
        _ content: HTML
    ) -> HTTPResponse {
        let document: HTML = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(title) · Convey</title>
            <link rel="icon" href="\(PageAssets.icon.path)">
            <link rel="stylesheet" href="\(PageAssets.stylesheet.path)">
            <script src="\(PageAssets.script.path)" defer></script>
            </head>
            <body>
            <a class="skip" href="#main">Skip to content</a>
            <header>
            <a class="brand" href="/"><img src="\(PageAssets.icon.path)" alt="" width="20" height="20">Convey</a>
            \(page.map { navigation(here, $0) })
            </header>
            <main id="main">
            \(content)
            </main>
            </body>
            </html>

            """
        return HTTPResponse(
            statusCode: status,
            headers: [
                .contentType: "text/html; charset=utf-8", .cacheControl: "no-store",
                HTTPHeader("Content-Security-Policy"): contentSecurityPolicy,
                // With `no-referrer` browsers would send forms with `Origin: null`.
                HTTPHeader("Referrer-Policy"): "same-origin",
            ],
            body: Data(document.text.utf8))
    }

    /// An error page.
    static func problem(_ status: HTTPStatusCode, _ message: String) -> HTTPResponse {
        response(
            status.phrase, status: status,
            """
            <h1>\(status.phrase)</h1>
            <p class="problem" role="alert">\(message)</p>
            <p><a href="/">All conversations</a></p>
            """)
    }

    private static func navigation(_ here: PagePath?, _ page: PageContext) -> HTML {
        let gauges = page.sources.metrics().gauges
        let status: HTML =
            page.sources.status().isReady
            ? "Status" : #"Status <span class="badge bad">not ready</span>"#
        let signOut: HTML? =
            page.canSignOut
            ? """
            <form action="\(LoginRoutes.signOutPath)" method="post">
            <button class="plain" title="\(page.grant.name)">Sign out</button></form>
            """ : nil
        return """
            <nav id="pages" aria-label="Convey" data-refresh>
            \(link(.conversations, "Conversations", here))
            \(link(.effects, "Effects\(count(gauges.openEffects))", here))
            \(link(.deadLetters, "Dead letters\(count(gauges.deadLettersOpen))", here))
            \(link(.status, status, here))
            </nav>
            \(signOut)
            """
    }

    private static func count(_ number: Int) -> HTML {
        number == 0 ? "" : #" <span class="badge">\#(number)</span>"#
    }

    private static func link(_ path: PagePath, _ name: HTML, _ here: PagePath?) -> HTML {
        let current: HTML = path == here ? #" aria-current="page""# : ""
        return #"<a href="\#(path.rawValue)"\#(current)>\#(name)</a>"#
    }
}
