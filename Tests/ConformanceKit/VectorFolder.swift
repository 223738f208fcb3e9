import Glibc

/// Reads a folder of vectors with nothing but the C library.
enum VectorFolder {
    struct Unreadable: Error, CustomStringConvertible {
        let path: String
        let reason: String
        var description: String { "\(path): \(reason)" }
    }

    /// Names of the files that end in `.jsonl`, sorted.
    static func files(in folder: String) throws(Unreadable) -> [String] {
        guard let handle = opendir(folder) else {
            throw Unreadable(path: folder, reason: String(cString: strerror(errno)))
        }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".jsonl") { names.append(name) }
        }
        return names.sorted()
    }

    static func read(_ path: String) throws(Unreadable) -> [UInt8] {
        guard let file = fopen(path, "r") else {
            throw Unreadable(path: path, reason: String(cString: strerror(errno)))
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&block, 1, block.count, file)
            if count == 0 { break }
            bytes.append(contentsOf: block[..<count])
        }
        if ferror(file) != 0 { throw Unreadable(path: path, reason: "cannot be read") }
        return bytes
    }
}
