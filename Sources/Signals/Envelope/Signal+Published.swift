/// Attributes in their published form. Journals of earlier versions contain some that no CloudEvent may have.
extension Signal {
    /// A source that is not a URI reference is escaped where necessary.
    public var publishedSource: String { URIReference.isValid(source) ? source : URIReference.escaped(source) }

    /// Nil if the producer gave none, or none in RFC 3339: then the time of recording is published.
    public var publishedTime: String? { time.flatMap(EventTime.canonical) }

    /// Nil if it is not valid.
    public var publishedTraceparent: String? {
        guard let traceparent, TraceContext.isTraceparent(traceparent) else { return nil }
        return traceparent
    }
}
