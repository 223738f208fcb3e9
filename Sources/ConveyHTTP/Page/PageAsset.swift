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
