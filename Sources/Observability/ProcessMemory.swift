import Glibc

/// The kernel's information about this process's memory.
public enum ProcessMemory {
    /// Resident memory in bytes, or 0 if `/proc` cannot be read: a gauge is not worth an error.
    public static func residentBytes() -> Int {
        let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return 0 }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 128)
        let length = read(descriptor, &buffer, buffer.count)
        guard length > 0 else { return 0 }
        let fields = buffer.prefix(length).split(separator: UInt8(ascii: " "))
        guard fields.count > 1, let pages = Int(String(decoding: fields[1], as: UTF8.self)) else { return 0 }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }
}
