import Conversation
import Signals

enum SchedulerVectors {
    static func check(_ row: JSONValue, _ check: inout RowCheck) {
        switch row["kind"]?.string {
        case "priority":
            check.compare(
                "priority", row["priority"], .number(Priority(type: row["type"]?.string ?? "").rawValue))
        case "cause_id": cause(row, &check)
        case "drain": drain(row, &check)
        case "incremental": incremental(row, &check)
        default: check.differ("kind", expected: "a known kind", got: row["kind"]?.description ?? "none")
        }
    }

    // MARK: Causes

    /// The cause that the contract reads from an envelope.
    private static func cause(_ row: JSONValue, _ check: inout RowCheck) {
        let given = row["data"]?.object.map(JSONValue.object) ?? .object([])
        let data = given.setting("message_id", .string("m")).setting("ingress", .string("i"))
        let envelope = JSONValue.object([
            ("id", .string("s")), ("source", .string("/vectors")), ("type", .string("conv.in.message.received")),
            ("subject", .string("c")), ("extensions", row["extensions"] ?? .null), ("data", data),
        ])
        switch Contract.normalize(json: envelope.encode(), makeID: { "made-here" }) {
        case .failure(let rejection): check.differ("cause_id", expected: "a signal", got: rejection.code.description)
        case .success(let (signal, _)):
            let expected = row["cause_id"] ?? .null
            switch signal.cause {
            case .none: check.compare("cause_id", expected, .null)
            case .signal(let id): check.compare("cause_id", expected, id)
            case .unsatisfiable:
                if expected.string != nil || expected.isNull {
                    check.differ("cause_id", expected: expected.description, got: "a cause that can never be")
                }
            }
            for (name, ids) in [
                ("ready_with_none_applied", []), ("ready_with_a_b_empty_space_applied", ["a", "b", "", " "]),
            ] {
                guard let expected = row[name] else { continue }
                var scheduler = Scheduler(order: .arrival)
                scheduler.enqueue(
                    Scheduler.Entry(
                        position: .start, conversation: ConversationID(0), id: "s", priority: .normal,
                        cause: signal.cause),
                    cause: isApplied(signal.cause, ids) ? .applied : .unknown)
                check.compare(name, expected, .bool(scheduler.next() != nil))
            }
        }
    }

    private static func isApplied(_ cause: Cause, _ applied: some Collection<String>) -> Bool {
        switch cause {
        case .none: true
        case .signal(let id): applied.contains(id)
        case .unsatisfiable: false
        }
    }

    // MARK: Draining

    /// A scheduler with the ids that count as applied. Rows may have several subjects and still choose across them; an id
    /// applied in one is applied for all, so all entries share one conversation.
    private struct Run {
        var scheduler: Scheduler
        var applied: Set<String>
        var queued: [Int64: String] = [:]
        let threshold: Int

        init(_ row: JSONValue) {
            let state = row["scheduler_state"]
            threshold = row["fairness_threshold"]?.int ?? 5
            let priority = state?["last_priority"]?.int.flatMap { UInt8(exactly: $0).flatMap(Priority.init(rawValue:)) }
            scheduler = Scheduler(
                order: .arrival, fairnessThreshold: threshold,
                state: Scheduler.State(
                    lastPriority: priority, consecutive: state?["consecutive_at_priority"]?.int ?? 0))
            applied = Set((row["applied_ids"]?.array ?? []).compactMap(\.string))
        }

        mutating func enqueue(_ entry: JSONValue) {
            guard let sequence = entry["seq"]?.int.map({ Int64($0) }), let id = entry["id"]?.string,
                let priority = entry["priority"]?.int.flatMap({ UInt8(exactly: $0).flatMap(Priority.init(rawValue:)) })
            else { return }
            let cause: Cause =
                switch entry["cause_id"] {
                case .none, .null: .none
                case .string(let id): .signal(id)
                case .bool, .integer, .fraction, .array, .object: .unsatisfiable
                }
            queued[sequence] = id
            scheduler.enqueue(
                Scheduler.Entry(
                    position: Position(sequence), conversation: ConversationID(0), id: id, priority: priority,
                    cause: cause),
                cause: isApplied(cause, applied) ? .applied : .unknown)
        }

        mutating func select() -> Scheduler.Entry? {
            guard let entry = scheduler.next() else { return nil }
            queued[entry.position.rawValue] = nil
            applied.insert(entry.id)
            scheduler.markApplied(id: entry.id, conversation: ConversationID(0))
            return entry
        }

        var state: JSONValue {
            .object([
                ("fairness_threshold", .number(threshold)),
                ("last_priority", scheduler.state.lastPriority.map { .number($0.rawValue) } ?? .null),
                ("consecutive_at_priority", .number(scheduler.state.consecutive)),
            ])
        }

        var remaining: JSONValue { .array(queued.keys.sorted().map { .number($0) }) }
    }

    private static func drain(_ row: JSONValue, _ check: inout RowCheck) {
        var run = Run(row)
        for entry in row["queue"]?.array ?? [] {
            check.compare(
                "priority of \(entry["type"]?.string ?? "")", entry["priority"],
                .number(Priority(type: entry["type"]?.string ?? "").rawValue))
            run.enqueue(entry)
        }
        var order: [JSONValue] = []
        while let entry = run.select() {
            order.append(
                .object([
                    ("seq", .number(entry.position.rawValue)), ("id", .string(entry.id)),
                    ("priority", .number(entry.priority.rawValue)), ("scheduler_state", run.state),
                    ("remaining_seqs", run.remaining),
                ]))
        }
        let expected = row["order"]?.array ?? []
        for (index, (expected, got)) in zip(expected, order).enumerated() {
            for (name, value) in expected.object ?? [] {
                // The contract does not define the order of the entries, only which ones are left.
                let sorted = name == "remaining_seqs" ? sortedNumbers(value) : value
                check.compare("selection \(index) \(name)", sorted, got[name])
            }
        }
        check.compare("number of selections", .number(expected.count), .number(order.count))
        if let stuck = row["stuck"]?.array {
            let left = stuck.map { $0.int ?? $0["seq"]?.int }
            if left.contains(nil) {
                let ids = stuck.compactMap { $0.string ?? $0["id"]?.string }.sorted()
                check.compare(
                    "stuck", .array(ids.map(JSONValue.string)), .array(run.queued.values.sorted().map(JSONValue.string))
                )
            } else {
                check.compare("stuck", .array(left.compactMap(\.self).sorted().map { .number($0) }), run.remaining)
            }
        }
        if let final = row["final_scheduler_state"] { check.compare("final_scheduler_state", final, run.state) }
    }

    private static func sortedNumbers(_ value: JSONValue) -> JSONValue {
        .array((value.array ?? []).compactMap(\.int).sorted().map { .number($0) })
    }

    private static func incremental(_ row: JSONValue, _ check: inout RowCheck) {
        var run = Run(row)
        for (index, step) in (row["steps"]?.array ?? []).enumerated() {
            if let entry = step["enqueue"], !entry.isNull { run.enqueue(entry) }
            let limit = step["drain"]?.int ?? (step["drain"]?.string == "all" ? Int.max : 0)
            var selected: [JSONValue] = []
            while selected.count < limit, let entry = run.select() { selected.append(.string(entry.id)) }
            check.compare("step \(index) selected", step["selected"], .array(selected))
            if let state = step["scheduler_state"] { check.compare("step \(index) scheduler_state", state, run.state) }
            if let left = step["queue_seqs"] {
                check.compare("step \(index) queue_seqs", sortedNumbers(left), run.remaining)
            }
        }
    }
}
