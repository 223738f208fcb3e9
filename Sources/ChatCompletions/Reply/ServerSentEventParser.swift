/// Parses a `text/event-stream` (WHATWG HTML, section 9.2), however its bytes are split into chunks. `id` and `retry`
/// are skipped: a chat completion is never resumed.
///
/// Two differences from the standard: `finish` returns an event that is not followed by an empty line, because some
/// servers omit it after the last one. And lines that the standard ignores are kept in `strayLines`: a server that
/// breaks off a stream often writes the reason as a separate line.
public struct ServerSentEventParser: Sendable {
    private static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]

    /// Maximum bytes of stray lines: as many as are read of an error's body.
    private static let strayLimit = 64 << 10

    /// Lines without a known field, each followed by a line feed.
    public private(set) var strayLines: [UInt8] = []
    private let eventBytes: Int
    /// The beginning of an incomplete line.
    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var type: String?
    private var isFirstLine = true
    /// The last byte was a carriage return: a line feed directly after it belongs to it.
    private var skipsLineFeed = false

    /// - Parameter eventBytes: maximum bytes of one event.
    public init(eventBytes: Int) {
        self.eventBytes = eventBytes
    }

    /// Appends to `events` those that end in `chunk`.
    public mutating func read(
        _ chunk: UnsafeRawBufferPointer, into events: inout [ServerSentEvent]
    ) throws(ServerSentEventTooLarge) {
        var start = 0
        var at = 0
        while at < chunk.count {
            let byte = chunk[at]
            if byte == UInt8(ascii: "\n"), skipsLineFeed {
                skipsLineFeed = false
                start = at + 1
            } else if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                skipsLineFeed = byte == UInt8(ascii: "\r")
                try endLine(with: UnsafeRawBufferPointer(rebasing: chunk[start..<at]), into: &events)
                start = at + 1
            } else {
                skipsLineFeed = false
            }
            at += 1
        }
        guard start < chunk.count else { return }
        try checkSize(adding: chunk.count - start)
        line.append(contentsOf: chunk[start...])
    }

    /// As `read`, for bytes in an array.
    public mutating func read(_ chunk: [UInt8], into events: inout [ServerSentEvent]) throws(ServerSentEventTooLarge) {
        let result: Result<Void, ServerSentEventTooLarge> = chunk.withUnsafeBytes { buffer in
            do throws(ServerSentEventTooLarge) {
                try read(buffer, into: &events)
                return .success(())
            } catch { return .failure(error) }
        }
        try result.get()
    }

    /// The stream has ended: appends the incomplete event, if there is one.
    public mutating func finish(into events: inout [ServerSentEvent]) throws(ServerSentEventTooLarge) {
        if !line.isEmpty { try read([UInt8(ascii: "\n")], into: &events) }
        dispatch(into: &events)
    }

    private mutating func endLine(
        with rest: UnsafeRawBufferPointer, into events: inout [ServerSentEvent]
    ) throws(ServerSentEventTooLarge) {
        try checkSize(adding: rest.count)
        guard !line.isEmpty else { return field(rest, into: &events) }
        line.append(contentsOf: rest)
        var whole: [UInt8] = []
        swap(&whole, &line)
        whole.withUnsafeBytes { field($0, into: &events) }
        // Keeps its memory for the next split line.
        whole.removeAll(keepingCapacity: true)
        swap(&whole, &line)
    }

    private mutating func field(_ line: UnsafeRawBufferPointer, into events: inout [ServerSentEvent]) {
        var line = line
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: Self.byteOrderMark) { line = UnsafeRawBufferPointer(rebasing: line.dropFirst(3)) }
        }
        guard !line.isEmpty else { return dispatch(into: &events) }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.count
        var value = line[min(colon + 1, line.count)...]
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        let name = line[..<colon]
        if name.elementsEqual("data".utf8) {
            if hasData { data.append(UInt8(ascii: "\n")) }
            data.append(contentsOf: value)
            hasData = true
        } else if name.elementsEqual("event".utf8) {
            type = value.isEmpty ? nil : String(decoding: value, as: UTF8.self)
        } else if !name.isEmpty, !name.elementsEqual("id".utf8), !name.elementsEqual("retry".utf8),
            strayLines.count + line.count < Self.strayLimit
        {
            strayLines.append(contentsOf: line)
            strayLines.append(UInt8(ascii: "\n"))
        }
    }

    private mutating func dispatch(into events: inout [ServerSentEvent]) {
        if hasData {
            // The standard decodes before it parses, and replaces invalid UTF-8 with U+FFFD.
            let isUTF8 = data.allSatisfy { $0 < 0x80 } || String(validating: data, as: UTF8.self) != nil
            events.append(ServerSentEvent(type: type, data: isUTF8 ? data : data.validUTF8))
            data = []
            hasData = false
        }
        type = nil
    }

    private func checkSize(adding count: Int) throws(ServerSentEventTooLarge) {
        guard line.count + data.count + count <= eventBytes else { throw ServerSentEventTooLarge(limit: eventBytes) }
    }
}
