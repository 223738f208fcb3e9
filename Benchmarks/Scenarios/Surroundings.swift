import Foundation
import Glibc

/// The environment of every scenario: where, against which binary, how long and how often.
struct Surroundings {
    var program: ConveyServer.Program
    /// The parent of the directories.
    var directory: String
    var isQuick: Bool
    /// The number of times that each measurement is taken.
    var runs: Int
    var soakMinutes: Double
    /// The processors on which this process was started.
    var allowed: ProcessorSet
    /// Given by the user: scenarios that would try several stay with these.
    var cores: Cores?
    var shards: Int?

    /// The same with broker and Convey on some processors. This process, the generator, gets the others, if any.
    func confined(to cores: Cores) throws -> Surroundings {
        let processors = try cores.processors(of: allowed)
        let rest = allowed.without(processors)
        try (rest.numbers.isEmpty ? allowed : rest).confineMainThread()
        var confined = self
        confined.program.processors = processors
        return confined
    }

    /// The shorter of two numbers for a quick run.
    func pick<Value>(_ full: Value, quick: Value) -> Value { isQuick ? quick : full }

    /// Reports progress on standard error.
    func say(_ text: String) {
        FileHandle.standardError.write(Data("\(text)\n".utf8))
    }

    /// Runs `body` with its own broker and directory, all removed at the end.
    func withBroker<Result>(_ body: (Broker, Workplace) throws -> Result) throws -> Result {
        let workplace = try Workplace(in: directory)
        // Otherwise the directory could be removed after its last use, before the broker that writes there.
        return try withExtendedLifetime(workplace) {
            let broker = try Broker(
                directory: try workplace.directory("broker"), processors: program.processors)
            let result = try body(broker, workplace)
            try broker.stop()
            return result
        }
    }

    /// Runs `body` with its own broker and Convey, and checks at the end whether Convey reported any problem.
    func withConvey<Result>(
        flags: [String] = [], _ body: (Broker, ConveyServer) throws -> Result
    ) throws -> Result {
        try withBroker { broker, workplace in
            let convey = try ConveyServer(
                program, broker: broker, directory: try workplace.directory("convey"), flags: flags)
            let result = try body(broker, convey)
            try convey.stop()
            return result
        }
    }
}
