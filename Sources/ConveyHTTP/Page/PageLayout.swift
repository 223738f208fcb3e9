import Foundation

/// What all pages have around them.
enum PageLayout {
    /// Only the service's own stylesheet, script, picture and answers; nothing inline, nothing from elsewhere, no frame.
    static let contentSecurityPolicy =
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

    static func response(
        _ title: String, status: HTTPStatusCode = .ok, here: PagePath? = nil, _ content: HTML
    ) -> HTTPResponse {
        let page: HTML = """
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
            <header><nav aria-label="Convey">
            <a class="brand" href="/">Convey</a>
            \(link(.conversations, "Conversations", here))
            \(link(.deadLetters, "Dead letters", here))
            \(link(.status, "Status", here))
            </nav></header>
            <main id="main">
            \(content)
            </main>
            </body>
            </html>

            """
        return HTTPResponse(
            statusCode: status,
            headers: headers([
                (.contentType, "text/html; charset=utf-8"), (.cacheControl, "no-store"),
                (HTTPHeader("Content-Security-Policy"), contentSecurityPolicy),
                // With `no-referrer` browsers would send forms with `Origin: null`.
                (HTTPHeader("Referrer-Policy"), "same-origin"),
            ]),
            body: Data(page.text.utf8))
    }

    /// A page that says what went wrong.
    static func problem(_ status: HTTPStatusCode, _ message: String) -> HTTPResponse {
        response(
            status.phrase, status: status,
            """
            <h1>\(status.phrase)</h1>
            <p class="problem" role="alert">\(message)</p>
            <p><a href="/">All conversations</a></p>
            """)
    }

    /// Has the browser ask for another page, after a form was taken.
    static func redirect(to path: String) -> HTTPResponse {
        HTTPResponse(statusCode: .seeOther, headers: headers([(.location, path), (.cacheControl, "no-store")]))
    }

    static func headers(_ items: [(HTTPHeader, String)]) -> HTTPHeaders {
        var headers = HTTPHeaders()
        for (name, value) in items { headers[name] = value }
        return headers
    }

    private static func link(_ path: PagePath, _ name: String, _ here: PagePath?) -> HTML {
        let current: HTML = path == here ? #" aria-current="page""# : ""
        return #"<a href="\#(path.rawValue)"\#(current)>\#(name)</a>"#
    }
}
