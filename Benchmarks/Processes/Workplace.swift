import Foundation
import Glibc

/// A directory for the files of a run; removed with this object.
final class Workplace {
    let path: String

    /// - Parameter parent: where to make it.
    init(in parent: String) throws {
        let parent = parent.count > 1 && parent.hasSuffix("/") ? String(parent.dropLast()) : parent
        var template = Array("\(parent)/convey-bench-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw BenchError.system("cannot make a directory in \(parent)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)  // Only temporary files would remain.
    }

    /// A subdirectory, made if missing.
    func directory(_ name: String) throws -> String {
        let directory = "\(path)/\(name)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        return directory
    }

    /// Bytes of all files in a directory.
    static func size(of directory: String) -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.reduce(0) { sum, name in
            var status = stat()
            return sum + (lstat("\(directory)/\(name)", &status) == 0 ? Int(status.st_size) : 0)
        }
    }

    /// Whether files there are in memory only: syncs to disk then cost nothing, and results mean little.
    static func isInMemory(_ directory: String) -> Bool {
        let path = URL(fileURLWithPath: directory).resolvingSymlinksInPath().path
        var nearest: (point: Substring, kind: Substring) = ("", "")
        for line in (ProcessFiles.text("/proc/mounts") ?? "").split(whereSeparator: \.isNewline) {
            let words = line.split(separator: " ")
            guard words.count > 2, words[1].count >= nearest.point.count else { continue }
            let isAbove = words[1] == "/" || path == words[1] || path.hasPrefix(words[1] + "/")
            if isAbove { nearest = (words[1], words[2]) }
        }
        return nearest.kind == "tmpfs" || nearest.kind == "ramfs"
    }
}
