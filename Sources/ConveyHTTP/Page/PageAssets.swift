import HTTPServing

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
