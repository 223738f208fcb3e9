/// A process that shares the journal with others.
public struct ClusterNode: Sendable, Equatable {
    /// As its setting `node` says.
    public var name: String
    public var version: String
    /// Where it answers over HTTP; nil where it does not.
    public var http: String?
    /// Whether it has shown a sign of life lately.
    public var isUp: Bool
    /// Seconds since it started.
    public var uptime: Int64

    public init(name: String, version: String, http: String?, isUp: Bool = true, uptime: Int64 = 0) {
        self.name = name
        self.version = version
        self.http = http
        self.isUp = isUp
        self.uptime = uptime
    }
}
