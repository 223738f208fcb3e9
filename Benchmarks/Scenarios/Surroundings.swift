import Foundation
import Glibc

/// What every scenario runs in: where, against which binary, how long and how often.
struct Surroundings {
    var program: ConveyServer.Program
    /// Where directories are made.
    var directory: String
    var isQuick: Bool
    /// Times that each measurement is taken.
    var runs: Int
    var soakMinutes: Double
    /// The processors this process was started on.
    var allowed: ProcessorSet
    /// Given by the user: scenarios that would try several stay with these.
    var cores: Cores?
    var shards: Int?

    /// The same with broker and Convey on some processors. This process, the generator, gets the others where there are any.
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

    /// Tells on standard error what goes on.
    func say(_ text: String) {
        FileHandle.standardError.write(Data("\(text)\n".utf8))
    }

    /// Runs `body` with a broker and a directory of its own, all gone at the end.
    func withBroker<Result>(_ body: (Broker, Workplace) throws -> Result) throws -> Result {
        let workplace = try Workplace(in: directory)
        // Else the directory could go with its last use, before the broker that writes there.
        return try withExtendedLifetime(workplace) {
            let broker = try Broker(
                directory: try workplace.directory("broker"), processors: program.processors)
            let result = try body(broker, workplace)
            try broker.stop()
            return result
        }
    }

    /// Runs `body` with a broker and a Convey of its own, and looks at the end whether Convey saw anything go wrong.
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
