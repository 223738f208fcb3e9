import CMalloc

/// Returns unused memory to the system. glibc keeps freed memory for later use, which can be hundreds of megabytes after many
/// large answers.
enum MemoryReturn {
    /// Blocks of this size or more are given back as soon as they are freed. glibc would raise this by itself with the first
    /// large block that is freed, and keep later ones (mallopt(3), `M_MMAP_THRESHOLD`).
    private static let blockBytes: CInt = 1 << 20
    private static let pace = Duration.seconds(5)
    /// What must have been freed before it is given back: that takes some milliseconds, during which threads that need memory
    /// wait.
    private static let freedBytes = 16 << 20

    /// To be called once, before there is much memory.
    static func configure() {
        // Where it is refused, memory is given back later.
        _ = mallopt(M_MMAP_THRESHOLD, blockBytes)
    }

    /// Checks periodically until its task is cancelled.
    static func run() async {
        /// What was free after the last time, or has been since: it has been given back, or is in use again.
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
