/// The contents of a WAL, found as SQLite's recovery finds them (sqlite.org/fileformat2.html, section 4), but with
/// plain reads, and with a search beyond the end: SQLite treats a damaged frame as the end and drops all later commits.
package struct WALScan {
    /// Increases by one each time the WAL is restarted in the same file (its first salt).
    package private(set) var generation: UInt32
    /// Whether the WAL has not been restarted since the file was created.
    package let isFirstGeneration: Bool
    /// Readable commits.
    package private(set) var commits = 0
    /// Commits after a damaged frame, as far as they are recognizable. One may be the rest of a commit that a power cut
    /// interrupted; more cannot.
    package private(set) var commitsBehindDamage = 0
    /// Pages of the database after the last commit; 0 if there is none.
    package private(set) var databasePages = 0
    /// The header of the database in the last committed version of its first page, if there is one.
    package private(set) var header: DatabaseHeader?
    /// The pages above `firstPage` that the commits contain.
    package private(set) var pagesAbove: Set<UInt32> = []

    package var isDamaged: Bool { commitsBehindDamage >= 2 }

    private static let headerLength = 32
    private static let frameHeaderLength = 24
    private static let chunkFrames = 256
    /// Chunks without a frame of this generation after which the search ends: 16 MiB with pages of 4 KiB.
    private static let emptyChunkLimit = 16

    private let file: PlainFile
    private let pageSize: Int
    private let headerSalts: [UInt8]
    /// The salts of this generation's frames.
    private var salts: [UInt8]
    private let isBigEndian: Bool
    private var sums: (UInt32, UInt32)

    /// The length of the file.
    package var bytes: Int { file.size }

    private var frameLength: Int { Self.frameHeaderLength + pageSize }

    /// Reads the whole WAL.
    /// - Parameters:
    ///   - pageSize: the page size of the database.
    ///   - pagesAbove: pages up to this number are not remembered.
    /// - Returns: nil if there is no WAL, or nothing was ever written to it.
    /// - Throws: if the file cannot be read.
    package static func read(_ path: String, pageSize: Int, pagesAbove: Int) throws(SQLiteError) -> WALScan? {
        guard let file = try PlainFile(path), file.size > 0 else { return nil }
        let header = try file.read(headerLength, at: 0)
        guard header.count == headerLength, header.contains(where: { $0 != 0 }) else { return nil }
        var scan = WALScan(file, header, pageSize: pageSize)
        let isValid = scan.takeHeader(header)
        try scan.takeFrames(isHeaderValid: isValid, pagesAbove: UInt32(clamping: pagesAbove))
        return scan
    }

    /// The generation and the length of a WAL that is in use; nil if there is none.
    package static func inUse(_ path: String) throws(SQLiteError) -> (generation: UInt32, bytes: Int)? {
        guard let file = try PlainFile(path) else { return nil }
        let header = try file.read(headerLength, at: 0)
        guard header.count == headerLength, header.contains(where: { $0 != 0 }) else { return nil }
        return (number(header, 16), file.size)
    }

    /// Whether the WAL has been restarted since it was read.
    package func isStale() throws(SQLiteError) -> Bool {
        try file.read(headerSalts.count, at: 16) != headerSalts
    }

    private init(_ file: PlainFile, _ header: [UInt8], pageSize: Int) {
        self.file = file
        self.pageSize = pageSize
        generation = Self.number(header, 16)
        isFirstGeneration = Self.number(header, 12) == 0
        headerSalts = Array(header[16..<24])
        salts = headerSalts
        isBigEndian = header[3] & 1 == 1
        sums = (0, 0)
    }

    private mutating func takeHeader(_ header: [UInt8]) -> Bool {
        header[..<24].withUnsafeBytes { add($0) }
        return Self.number(header, 0) & ~1 == 0x377f_0682 && Int(Self.number(header, 8)) == pageSize
            && sums.0 == Self.number(header, 24) && sums.1 == Self.number(header, 28)
    }

    private mutating func takeFrames(isHeaderValid: Bool, pagesAbove limit: UInt32) throws(SQLiteError) {
        var chunk = [UInt8](repeating: 0, count: Self.chunkFrames * frameLength)
        var offset = Self.headerLength
        var isReadable = isHeaderValid
        if !isHeaderValid {
            // Then the first frame shows the salts of the others.
            let frame = try file.read(Self.frameHeaderLength, at: offset)
            guard frame.count == Self.frameHeaderLength else { return }
            salts = Array(frame[8..<16])
            generation = Self.number(frame, 8)
        }
        var emptyChunks = 0
        var uncommitted: [UInt32] = []
        var newHeader: [UInt8]?
        while true {
            let length = try file.read(into: &chunk, at: offset)
            var hasCurrentFrame = false
            for start in stride(from: 0, to: length - frameLength + 1, by: frameLength) {
                let frame = start..<(start + frameLength)
                let isCurrent = chunk[(start + 8)..<(start + 16)].elementsEqual(salts)
                hasCurrentFrame = hasCurrentFrame || isCurrent
                let truncate = Self.number(chunk, start + 4)
                isReadable = isReadable && isCurrent && isValid(chunk, frame)
                guard isReadable else {
                    if isCurrent && truncate > 0 { commitsBehindDamage += 1 }
                    continue
                }
                let page = Self.number(chunk, start)
                if page > limit { uncommitted.append(page) }
                if page == 1 {
                    let data = start + Self.frameHeaderLength
                    newHeader = Array(chunk[data..<(data + DatabaseHeader.length)])
                }
                guard truncate > 0 else { continue }
                commits += 1
                databasePages = Int(truncate)
                pagesAbove.formUnion(uncommitted)
                uncommitted.removeAll(keepingCapacity: true)
                if let bytes = newHeader { header = DatabaseHeader(bytes) }
            }
            // After the last frame of this generation come older ones, or zeros.
            emptyChunks = hasCurrentFrame ? 0 : emptyChunks + 1
            if length < chunk.count || emptyChunks == Self.emptyChunkLimit { return }
            offset += length
        }
    }

    private mutating func isValid(_ bytes: [UInt8], _ frame: Range<Int>) -> Bool {
        guard Self.number(bytes, frame.lowerBound) > 0 else { return false }
        let before = sums
        bytes.withUnsafeBytes { all in
            add(UnsafeRawBufferPointer(rebasing: all[frame.lowerBound..<(frame.lowerBound + 8)]))
            add(UnsafeRawBufferPointer(rebasing: all[(frame.lowerBound + Self.frameHeaderLength)..<frame.upperBound]))
        }
        if sums.0 == Self.number(bytes, frame.lowerBound + 16), sums.1 == Self.number(bytes, frame.lowerBound + 20) {
            return true
        }
        sums = before
        return false
    }

    /// Adds bytes, a multiple of 8, to the WAL's checksum.
    private mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var (first, second) = sums
        var offset = 0
        while offset + 8 <= bytes.count {
            var left = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
            var right = bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
            if isBigEndian {
                left = UInt32(bigEndian: left)
                right = UInt32(bigEndian: right)
            } else {
                left = UInt32(littleEndian: left)
                right = UInt32(littleEndian: right)
            }
            first = first &+ left &+ second
            second = second &+ right &+ first
            offset += 8
        }
        sums = (first, second)
    }

    private static func number(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        UInt32(bytes[offset]) << 24 | UInt32(bytes[offset + 1]) << 16 | UInt32(bytes[offset + 2]) << 8
            | UInt32(bytes[offset + 3])
    }
}
