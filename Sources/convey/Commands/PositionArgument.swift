import ArgumentParser

/// A position on the command line: `1834`, or `2.1834` where the journal has several shards. Which of them is right is known only
/// where the journal is.
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
