import ArgumentParser

/// A position on the command line: `1834`, or `2.1834` if the journal has several shards. Only the journal's owner
/// knows which form is valid.
struct PositionArgument: ExpressibleByArgument {
    let text: String

    init?(argument: String) {
        let parts = argument.split(separator: ".", omittingEmptySubsequences: false)
        let isPosition =
            parts.count <= 2 && parts.allSatisfy { $0.allSatisfy(\.isASCII) && Int64($0).map { $0 >= 0 } ?? false }
        guard isPosition else { return nil }
        text = argument
    }
}
