import CMalloc

/// Returns unused memory to the system. glibc keeps freed memory for later use, which can be hundreds of megabytes after many
/// large answers.
enum MemoryReturn {
    /// Blocks of at least this size are returned as soon as they are freed. By default glibc raises this limit with the
    /// first large freed block, and keeps later ones (mallopt(3), `M_MMAP_THRESHOLD`).
    private static let blockBytes: CInt = 1 << 20
    private static let pace = Duration.seconds(5)
    /// The minimum of freed memory to return: returning it takes some milliseconds, during which threads that need
    /// memory wait.
    private static let freedBytes = 16 << 20

    /// Call it once, before much memory is in use.
    static func configure() {
        // If this is refused, memory is returned later.
        _ = mallopt(M_MMAP_THRESHOLD, blockBytes)
    }

    /// Checks periodically until its task is cancelled.
    static func run() async {
        /// Memory that was free after the last time, or has been since: it has been returned, or is in use again.
        var settled = 0
        // Cancelled at the end.
        while (try? await Task.sleep(for: pace)) != nil {
            let free = Int(mallinfo2().fordblks)
            if free >= settled + freedBytes {
                malloc_trim(0)
                settled = free
            }
            settled = min(settled, free)
        }
    }
}
