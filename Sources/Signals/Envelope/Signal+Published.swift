/// Attributes as they are published. Journals of earlier versions hold some that no CloudEvent may have.
extension Signal {
    /// A source that is not a URI reference is escaped where necessary.
    public var publishedSource: String { URIReference.isValid(source) ? source : URIReference.escaped(source) }

    /// Nil where the producer gave none, or none that is RFC 3339: then the time of recording is published.
    public var publishedTime: String? { time.flatMap(EventTime.canonical) }

    /// Nil where it is not valid.
    public var publishedTraceparent: String? {
        guard let traceparent, TraceContext.isTraceparent(traceparent) else { return nil }
        return traceparent
    }
}
