import ArgumentParser
import Dialogue
import Foundation
import JournalPort
import Terminal

/// `convey deadletters …`
struct DeadLettersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deadletters",
        abstract: "List dead letters; schedule them again or discard them.",
        discussion: """
            Asks the running service, or with --data reads the journal itself; with --data, redrive and discard need a \
            service that is stopped, and take effect at its next start.

            Exit status: 0 done, 1 at least one was not moved or not listed, 66 no such dead letter, 69 no answer or the journal \
            cannot be read, 78 a wrong setting.
            """,
        subcommands: [List.self, Show.self, Redrive.self, Discard.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List dead letters, oldest first.",
            discussion: "Discarded ones are left out: --all or --reason discarded shows them.")

        @Flag(help: "Discarded dead letters, too.")
        var all = false
        @Option(help: ArgumentHelp("Only dead letters with this reason: \(reasons).", valueName: "reason"))
        var reason: String?
        @Option(help: "Only dead letters after this position.")
        var after: PositionArgument?
        @Option(help: "Maximum number of dead letters, 1 to 1000.")
        var limit = 100
        @OptionGroup
        var endpoint: DeadLetterEndpointFlags

        private static let reasons = DeadLetter.Reason.allCases.map(\.rawValue).joined(separator: ", ")

        func validate() throws {
            guard (1...DeadLetterMove.limit).contains(limit) else {
                throw ValidationError("--limit must be 1 to \(DeadLetterMove.limit)")
            }
            guard !all || reason == nil else { throw ValidationError("give --all or --reason, not both") }
            guard reason.map({ DeadLetter.Reason(rawValue: $0) != nil }) ?? true else {
                throw ValidationError("--reason must be one of \(Self.reasons)")
            }
        }

        func run() async throws {
            let selection = all ? .all : DeadLetterSelection(reason) ?? .open
            let answer = try await endpoint.open().list(selection, after: after?.text, limit: limit)
            if endpoint.output.isJSON { return StandardOutput.print(json: answer.utf8) }
            let list = DeadLetterTable.list(answer)
            list.warnOfUnreadableShards()
            let letters = list.dead_letters
            if !letters.isEmpty || list.unreadable_shards == nil {
                StandardOutput.print([DeadLetterTable.table(letters)])
            }
            if letters.count == limit, let last = letters.last {
                StandardError.print("there may be more: --after \(last.place)")
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one dead letter with its data.")

        @Argument(help: "Its position, as list shows it.")
        var position: PositionArgument
        @OptionGroup
        var endpoint: DeadLetterEndpointFlags

        func run() async throws {
            let answer = try await endpoint.open().show(position.text)
            if endpoint.output.isJSON { return StandardOutput.print(json: answer.utf8) }
            StandardOutput.print([DeadLetterTable.letter(answer)])
        }
    }

    struct Redrive: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Schedule dead letters again.",
            discussion: """
                The signals keep their ids and positions. One whose cause has still not come waits for it again. \
                conv.audit.signal.redriven tells of each.
                """)
        @OptionGroup
        var moved: MovedPositions

        func run() async throws { try await moved.run(.redrive) }
    }

    struct Discard: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Discard dead letters for good.",
            discussion:
                "They stay in the journal but no longer count as open. Each is recorded as conv.audit.signal.discarded."
        )
        @OptionGroup
        var moved: MovedPositions

        func run() async throws { try await moved.run(.discard) }
    }
}
