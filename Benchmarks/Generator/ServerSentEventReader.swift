import Glibc

/// Reads the answer to a request for a live stream: the head, the chunks (RFC 9112, section 7.1) of a chunked body, and
/// its server-sent events (WHATWG HTML, section 9.2). Bytes may come in any pieces.
struct ServerSentEventReader {
    private enum Place {
        case head
        /// The body as it is, up to the connection's end.
        case body
        case chunkSize
        /// The number of bytes of a chunk still to come.
        case chunk(Int)
        /// The line end after a chunk.
        case chunkEnd
        case ended
    }

    private enum Fault: String {
        case head = "a head that is none", chunk = "a chunk that is none", id = "an event without a number for an id"
    }

    /// Whether the head and some of the body have arrived: a stream sends something as soon as it is open.
    private(set) var isOpen = false
    private var place = Place.head
    /// The received part of the head, or of a line with a chunk's size.
    private var line: [UInt8] = []
    /// The received part of a line of the body.
    private var rest: [UInt8] = []
    private var id: Int?
    private var data: [UInt8] = []

    private static let lineFeed = UInt8(ascii: "\n")
    private static let headEnd = Array("\r\n\r\n".utf8)
    private static let idField = Array("id: ".utf8)
    private static let dataField = Array("data: ".utf8)
    /// A longer head, or a longer line with a chunk's size, is an error.
    private static let headLimit = 16_384

    /// Processes received bytes.
    /// - Parameter body: called with each event's id and data, which are valid during the call.
    /// - Throws: if the status is not 200, or the answer is not HTTP.
    mutating func read(_ bytes: UnsafeRawBufferPointer, _ body: (Int, UnsafeRawBufferPointer) throws -> Void) throws {
        var bytes = bytes[...]
        while !bytes.isEmpty {
            switch place {
            case .head: try readHead(&bytes)
            case .body: try readLines(take(bytes.count, of: &bytes), body)
            case .chunkSize: try readChunkSize(&bytes)
            case .chunk(let left):
                let piece = take(left, of: &bytes)
                place = piece.count < left ? .chunk(left - piece.count) : .chunkEnd
                try readLines(piece, body)
            case .chunkEnd:
                if bytes.removeFirst() == Self.lineFeed { place = .chunkSize }
            case .ended: return
            }
        }
    }

    private func take(_ count: Int, of bytes: inout Slice<UnsafeRawBufferPointer>) -> UnsafeRawBufferPointer {
        let piece = UnsafeRawBufferPointer(rebasing: bytes.prefix(count))
        bytes = bytes.dropFirst(piece.count)
        return piece
    }

    private mutating func readHead(_ bytes: inout Slice<UnsafeRawBufferPointer>) throws {
        line.append(bytes.removeFirst())
        guard line.count < Self.headLimit else { throw problem(.head) }
        guard line.last == Self.lineFeed, line.suffix(Self.headEnd.count).elementsEqual(Self.headEnd) else { return }
        let text = String(decoding: line, as: UTF8.self).lowercased()
        let words = text.prefix { $0 != "\r\n" }.split(separator: " ")
        guard words.count > 1, let status = Int(words[1]) else { throw problem(.head) }
        guard status == 200 else { throw BenchError("a live stream is answered with \(status)") }
        place = text.contains("\r\ntransfer-encoding: chunked\r\n") ? .chunkSize : .body
        line = []
    }

    private mutating func readChunkSize(_ bytes: inout Slice<UnsafeRawBufferPointer>) throws {
        line.append(bytes.removeFirst())
        guard line.count < Self.headLimit else { throw problem(.chunk) }
        guard line.last == Self.lineFeed else { return }
        let digits = String(decoding: line, as: UTF8.self).prefix(while: \.isHexDigit)
        guard let size = Int(digits, radix: 16) else { throw problem(.chunk) }
        line = []
        place = size > 0 ? .chunk(size) : .ended
    }

    private mutating func readLines(
        _ bytes: UnsafeRawBufferPointer, _ body: (Int, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        isOpen = true
        var start = 0
        while let base = bytes.baseAddress, start < bytes.count,
            let end = memchr(base + start, Int32(Self.lineFeed), bytes.count - start)
        {
            let length = UnsafeRawPointer(end) - (base + start)
            let piece = UnsafeRawBufferPointer(start: base + start, count: length)
            start += length + 1
            if rest.isEmpty {
                try readLine(piece, body)
            } else {
                rest += piece
                // Keeps its memory: the next long line needs it again.
                var whole: [UInt8] = []
                swap(&whole, &rest)
                try whole.withUnsafeBytes { try readLine($0, body) }
                whole.removeAll(keepingCapacity: true)
                swap(&whole, &rest)
            }
        }
        rest += bytes[start...]
    }

    private mutating func readLine(
        _ line: UnsafeRawBufferPointer, _ body: (Int, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        if line.isEmpty {
            guard !data.isEmpty else { return }
            guard let id else { throw problem(.id) }
            try data.withUnsafeBytes { try body(id, $0) }
            data.removeAll(keepingCapacity: true)
        } else if line.starts(with: Self.dataField) {
            // Several data lines form one text.
            if !data.isEmpty { data.append(Self.lineFeed) }
            data += line[Self.dataField.count...]
        } else if line.starts(with: Self.idField) {
            id = ByteSearch.number(in: line, at: Self.idField.count)
        }
    }

    private func problem(_ fault: Fault) -> BenchError { BenchError("a live stream sent \(fault.rawValue)") }
}
