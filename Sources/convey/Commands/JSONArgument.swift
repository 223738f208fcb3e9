import ArgumentParser
import Signals

/// A JSON object on the command line.
struct JSONArgument: ExpressibleByArgument {
    let value: JSONValue

    init?(argument: String) {
        guard let value = try? JSONValue(Array(argument.utf8)), value.object != nil else { return nil }
        self.value = value
    }
}
