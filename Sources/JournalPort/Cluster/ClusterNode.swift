/// A process that shares the journal with other processes.
public struct ClusterNode: Sendable, Equatable {
    /// The value of its setting `node`.
    public var name: String
    public var version: String
    /// Its HTTP address; nil if it does not serve HTTP.
    public var http: String?
    /// Whether it has sent a heartbeat recently.
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
