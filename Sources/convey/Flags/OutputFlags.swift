import ArgumentParser

/// The output format of a command.
struct OutputFlags: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table, json
    }

    @Option(
        name: [.customShort("o"), .customLong("output")],
        help: "table, for people, or json: one object per line, for programs.")
    var format = Format.table
    @Flag(help: "The same as -o json.")
    var json = false

    var isJSON: Bool { json || format == .json }
}
