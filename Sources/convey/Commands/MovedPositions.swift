import ArgumentParser
import Dialogue
import Foundation
import JournalPort
import Terminal

/// The positions that redrive and discard take.
struct MovedPositions: ParsableArguments {
    @Argument(help: "Positions, as list shows them.")
    var positions: [PositionArgument] = []
    @Flag(help: "All open dead letters.")
    var all = false
    @OptionGroup
    var endpoint: DeadLetterEndpointFlags

    func validate() throws {
        guard positions.isEmpty == all else { throw ValidationError("give positions or --all") }
        guard positions.count <= DeadLetterMove.limit else {
            throw ValidationError("give at most \(DeadLetterMove.limit) positions, or --all")
        }
    }

    func run(_ action: DeadLetterMove.Action) async throws {
        let endpoint = try endpoint.open()
        var areAllMoved = true
        var after: String?
        repeat {
            var batch = positions.map(\.text)
            if all {
                let list = DeadLetterTable.list(
                    try await endpoint.list(.open, after: after, limit: DeadLetterMove.limit))
                list.warnOfUnreadableShards()
                areAllMoved = areAllMoved && list.unreadable_shards == nil
                let page = list.dead_letters
                guard let last = page.last else {
                    if after == nil, list.unreadable_shards == nil { StandardError.print("no dead letters") }
                    break
                }
                after = last.place
                batch = page.map(\.place)
            }
            let answer = try await endpoint.move(action, batch)
            let results = DeadLetterTable.results(answer)
            areAllMoved = areAllMoved && results.allSatisfy { $0.audit_id != nil }
            if self.endpoint.output.isJSON {
                StandardOutput.print(json: answer.utf8)
            } else {
                StandardOutput.print([DeadLetterTable.outcomes(results)])
            }
        } while all
        if !areAllMoved { throw ExitStatus.failed }
    }
}
