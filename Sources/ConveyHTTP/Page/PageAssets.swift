import HTTPServing

/// A file of the page. Its path contains its hash, so that browsers may cache it forever.
struct PageAsset: Sendable {
    let path: String
    let contentType: String
    let bytes: [UInt8]

    /// - Parameter name: `page.css`
    init(_ name: String, _ contentType: String, _ bytes: [UInt8]) {
        path = "/assets/\(SHA256.hex(SHA256.digest(bytes).prefix(8)))-\(name)"
        self.contentType = contentType
        self.bytes = bytes
    }
}

/// The files of the page: those in `Assets`, compiled into the program (`embedInCode` in Package.swift).
enum PageAssets {
    static let stylesheet = PageAsset("page.css", "text/css; charset=utf-8", PackageResources.page_css)
    static let script = PageAsset("page.js", "text/javascript; charset=utf-8", PackageResources.page_js)
    static let icon = PageAsset("icon.svg", "image/svg+xml", PackageResources.icon_svg)

    static var routes: [Route] {
        [stylesheet, script, icon].map { asset in
            Route(asset.path, "a file of the page", scope: nil) { _ in
                HTTPResponse(
                    statusCode: .ok,
                    headers: [
                        .contentType: asset.contentType, .cacheControl: "public, max-age=31536000, immutable",
                    ],
                    bytes: asset.bytes, room: nil)
            }
        }
    }
}
