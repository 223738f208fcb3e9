import ArgumentParser
import ConveySettings

/// A duration on the command line.
struct DurationArgument: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        guard let text = DurationText(argument) else { return nil }
        duration = text.duration
    }

    init(_ duration: Duration) { self.duration = duration }

    var defaultValueDescription: String { DurationText(duration).description }
}
