import Foundation

/// A file of the page. Its name has its hash in it, so that browsers may keep it for ever.
struct PageAsset: Sendable {
    let path: String
    let contentType: String
    let body: Data

    /// - Parameter name: `page.css`
    init(_ name: String, _ contentType: String, _ text: String) {
        path = "/assets/\(SHA256.hex(SHA256.digest(text.utf8).prefix(8)))-\(name)"
        self.contentType = contentType
        body = Data(text.utf8)
    }
}

/// The files of the page.
enum PageAssets {
    static let stylesheet = PageAsset("page.css", "text/css; charset=utf-8", PageStylesheet.text)
    static let script = PageAsset("page.js", "text/javascript; charset=utf-8", PageScript.text)
    static let icon = PageAsset(
        "icon.svg", "image/svg+xml",
        ##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="#3b6ea5"/><path d="M4 6h8M4 10h5" stroke="#fff" stroke-width="2" stroke-linecap="round"/></svg>"##
    )

    static var routes: [Route] {
        [stylesheet, script, icon].map { asset in
            Route(asset.path, "a file of the page", scope: nil) { _ in
                HTTPResponse(
                    statusCode: .ok,
                    headers: [
                        .contentType: asset.contentType, .cacheControl: "public, max-age=31536000, immutable",
                    ],
                    body: asset.body)
            }
        }
    }
}
