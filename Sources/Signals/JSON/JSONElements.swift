extension JSONSlice {
    /// The elements of an array, found in one pass; nil for any other kind.
    public var elements: [JSONSlice]? {
        guard kind == .array else { return nil }
        let slots: [JSONSlot] = bytes.withUnsafeBufferPointer { buffer in
            do throws(JSONError) {
                var slots: [JSONSlot] = []
                var scanner = try JSONScanner(unchecked: buffer, at: slot)
                _ = try scanner.elements { scanner throws(JSONError) in slots.append(try scanner.value()) }
                return slots
            } catch { return [] }  // Impossible: the slice was checked when it was created.
        }
        return slots.map { JSONSlice(bytes: bytes, slot: $0) }
    }
}
