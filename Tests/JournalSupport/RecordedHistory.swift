import Conversation
import JournalPort
import Signals
import Synchronization

/// Writes conversations as the engine records them: chains of records through one journal, with a marker after each
/// signal.
public struct RecordedHistory: Sendable {
    public private(set) var records: [JournalRecord] = []
    public private(set) var conversations: [Int64: ConversationRecord] = [:]

    public init() {}

    public var batch: JournalBatch {
        var batch = JournalBatch()
        batch.records = records
        batch.createdConversations = conversations.keys.sorted().map {
            ConversationRecord(id: ConversationID($0), subject: "chat-\($0)", partition: 0)
        }
        return batch
    }

    /// The newest record of a conversation.
    public func head(_ conversation: Int64) -> Position { conversations[conversation]?.head ?? .start }

    /// The input of a projection of the whole conversation.
    public func events(_ conversation: Int64) -> [ProjectionEvent] {
        records.compactMap { record in
            guard record.conversation == ConversationID(conversation), case .signal(let signal) = record.content else {
                return nil
            }
            return ProjectionEvent(signal, offset: record.offset)
        }
    }

    /// Records a signal and its marker.
    /// - Returns: the signal's position.
    @discardableResult
    public mutating func add(_ conversation: Int64, _ id: String, _ type: String, _ data: String = "{}") -> Position {
        let signal = Signal(
            id: id, source: "/test", type: type, subject: "chat-\(conversation)", data: Array(data.utf8))
        let position = append(conversation, Family(type: type) ?? .audit, .signal(signal))
        append(
            conversation, .applied,
            .marker(
                Marker(appliedPosition: position, applyOrder: position.rawValue, priority: .message, digest: 0)))
        return position
    }

    public mutating func message(_ conversation: Int64, _ id: String, _ text: String) {
        add(conversation, id, "conv.in.message.received", #"{"content":"\#(text)"}"#)
    }

    /// A lifecycle signal of the generation ordered by the signal `cause`.
    /// - Returns: its position.
    @discardableResult
    public mutating func generation(
        _ conversation: Int64, _ lifecycle: String, of cause: String, _ text: String = "", attempt: Int = 1,
        calls: [String] = []
    ) -> Position {
        let list = calls.map { #"{"id":"\#($0)","name":"f","arguments":"{}"}"# }.joined(separator: ",")
        return add(
            conversation, "\(lifecycle)-\(cause)-\(attempt)", "conv.effect.llm.generation.\(lifecycle)",
            #"{"effect_id":"llm-generation-\#(cause)","lifecycle":"\#(lifecycle)","attempt":\#(attempt),"#
                + #""content":"\#(text)","tool_calls":[\#(list)]}"#)
    }

    /// A message with a whole answer in some pieces, and as outputs, too.
    public mutating func exchange(_ conversation: Int64, _ id: String, pieces: Int = 3) {
        message(conversation, id, "q\(id)")
        generation(conversation, "started", of: id)
        for piece in 0..<pieces {
            let data = #"{"effect_id":"llm-generation-\#(id)","delta":"a"}"#
            add(conversation, "p\(id)-\(piece)", "conv.effect.llm.generation.progress", data)
            add(conversation, "d\(id)-\(piece)", "conv.out.assistant.delta", data)
        }
        generation(conversation, "completed", of: id, "a\(id)")
        add(
            conversation, "o\(id)", "conv.out.assistant.completed",
            #"{"effect_id":"llm-generation-\#(id)","content":"a\#(id)"}"#)
    }

    @discardableResult
    private mutating func append(
        _ conversation: Int64, _ family: Family, _ content: JournalRecord.Content
    ) -> Position {
        let position = Position(Int64(records.count) + 1)
        var record =
            conversations[conversation]
            ?? ConversationRecord(id: ConversationID(conversation), subject: "chat-\(conversation)", partition: 0)
        let place = record.advance(to: position, family: family)
        conversations[conversation] = record
        records.append(
            JournalRecord(
                position: position, conversation: ConversationID(conversation), previous: place.previous,
                offset: place.offset, sequence: place.sequence, recordedAt: 0, content: content))
        return position
    }
}

/// Random conversations, as made by an engine that answers the messages of a conversation one after another: messages
/// that wait, tools, several attempts, messages that are rejected or canceled before they start.
public struct RandomHistory: Sendable {
    public private(set) var history = RecordedHistory()
    private var random: SeededRandom
    private var waiting: [Int64: [String]] = [:]
    /// The cause of the running generation, and its attempt.
    private var running: [Int64: (cause: String, attempt: Int)] = [:]
    private var count = 0
    public let conversations: Int64

    public init(seed: UInt64, conversations: Int64 = 3) {
        random = SeededRandom(seed: seed)
        self.conversations = conversations
    }

    /// Some more records of one conversation, whose number it returns.
    public mutating func step() -> Int64 {
        let conversation = Int64.random(in: 1...conversations, using: &random)
        count += 1
        switch Int.random(in: 0..<10, using: &random) {
        case 0, 1, 2:
            history.message(conversation, "m\(count)", "q\(count)")
            waiting[conversation, default: []].append("m\(count)")
        case 3: history.add(conversation, "n\(count)", "conv.in.sensor.read", #"{"value":1}"#)
        case 4: turnAway(conversation)
        default: advance(conversation)
        }
        return conversation
    }

    private mutating func turnAway(_ conversation: Int64) {
        guard let cause = waiting[conversation]?.popLast() else { return }
        history.generation(conversation, Bool.random(using: &random) ? "canceled" : "failed", of: cause)
    }

    private mutating func advance(_ conversation: Int64) {
        guard let run = running[conversation] else { return start(conversation) }
        switch Int.random(in: 0..<8, using: &random) {
        case 0, 1:
            history.add(
                conversation, "p\(count)", "conv.effect.llm.generation.progress",
                #"{"effect_id":"llm-generation-\#(run.cause)","delta":"x"}"#)
        case 2:
            running[conversation]?.attempt += 1
            history.generation(conversation, "started", of: run.cause, attempt: run.attempt + 1)
        case 3: end(conversation, run, "canceled", "part \(count)")
        case 4: end(conversation, run, "failed", "")
        case 5: callTools(conversation, run)
        default:
            end(conversation, run, "completed", "a\(count)")
            history.add(
                conversation, "o\(count)", "conv.out.assistant.completed",
                #"{"effect_id":"llm-generation-\#(run.cause)","content":"a\#(count)"}"#)
        }
    }

    private mutating func start(_ conversation: Int64) {
        guard waiting[conversation]?.isEmpty == false, let cause = waiting[conversation]?.removeFirst() else { return }
        history.generation(conversation, "started", of: cause)
        running[conversation] = (cause, 1)
    }

    private mutating func end(
        _ conversation: Int64, _ run: (cause: String, attempt: Int), _ lifecycle: String, _ text: String
    ) {
        history.generation(conversation, lifecycle, of: run.cause, text, attempt: run.attempt)
        running[conversation] = nil
    }

    private mutating func callTools(_ conversation: Int64, _ run: (cause: String, attempt: Int)) {
        let calls = (0..<Int.random(in: 1...3, using: &random)).map { "call\($0)" }
        history.generation(conversation, "completed", of: run.cause, "", attempt: run.attempt, calls: calls)
        for call in calls {
            history.add(
                conversation, "t\(count)-\(call)", "conv.effect.tool.execution.completed",
                #"{"effect_id":"t\#(count)-\#(call)","tool_call_id":"\#(call)","content":"r\#(count)"}"#)
        }
        let cause = "t\(count)-\(calls[calls.count - 1])"
        history.generation(conversation, "started", of: cause)
        running[conversation] = (cause, 1)
    }
}

/// Reads a history, and counts the links and records returned.
public final class CountingReader: JournalReader, Sendable {
    public struct Reads: Sendable, Equatable {
        public var links = 0
        public var records = 0
    }

    private struct State {
        var records: [JournalRecord] = []
        var reads = Reads()
        var failure: JournalError?

        func record(at position: Position) -> JournalRecord? {
            let index = Int(position.rawValue) - 1
            return records.indices.contains(index) ? records[index] : nil
        }
    }

    private let state = Mutex(State())

    public init(_ history: RecordedHistory = RecordedHistory()) { update(history) }

    /// Sets the history for later reads.
    public func update(_ history: RecordedHistory) { state.withLock { $0.records = history.records } }

    /// Makes the next read fail.
    public func fail(_ error: JournalError) { state.withLock { $0.failure = error } }

    /// Links and whole records read since the last call.
    public func takeReads() -> Reads {
        state.withLock { state in
            defer { state.reads = Reads() }
            return state.reads
        }
    }

    public let shard = SimulatedDisk(partitionCount: 1).shard
    public var partitionCount: Int { 1 }

    public func record(at position: Position) throws(JournalError) -> JournalRecord? {
        try read { state in
            state.reads.records += 1
            return state.record(at: position)
        }
    }

    public func records(at positions: [Position]) throws(JournalError) -> [JournalRecord] {
        let records = try read { state in
            state.reads.records += positions.count
            return positions.compactMap { state.record(at: $0) }
        }
        guard records.count == positions.count else { throw JournalError(.damaged, "a record is missing") }
        return records
    }

    public func links(from position: Position, limit: Int) throws(JournalError) -> [RecordLink] {
        try read { state in
            var links: [RecordLink] = []
            var next = position
            while links.count < limit, let record = state.record(at: next) {
                links.append(RecordLink(record))
                next = record.previous
            }
            state.reads.links += links.count
            return links
        }
    }

    private func read<Value: Sendable>(_ body: (inout State) -> Value) throws(JournalError) -> Value {
        let result: Result<Value, JournalError> = state.withLock { state in
            if let failure = state.failure.take() { return .failure(failure) }
            return .success(body(&state))
        }
        return try result.get()
    }

    public func records(after position: Position, limit: Int) throws(JournalError) -> [JournalRecord] {
        state.withLock { Array($0.records.dropFirst(Int(position.rawValue)).prefix(limit)) }
    }

    public func subject(of conversation: ConversationID) throws(JournalError) -> String? { "chat-\(conversation)" }
}

/// Records that contexts do not request.
extension CountingReader {
    public func head(subject: String) throws(JournalError) -> ConversationHead? { nil }
    public func head(id: ConversationID) throws(JournalError) -> ConversationHead? { nil }
    public func newestLinks(before position: Position?, limit: Int) throws(JournalError) -> [RecordLink] { [] }
    public func conversations(
        matching filter: SubjectFilter, after subject: String?, limit: Int, scanning: Int
    ) throws(JournalError) -> ConversationListing { ConversationListing(heads: [], next: nil) }
    public func openEffects(after key: EffectKey?, limit: Int) throws(JournalError) -> [EffectUnderWay] { [] }
    public func conversation(subject: String) throws(JournalError) -> ConversationRecord? { nil }
    public func conversation(id: ConversationID) throws(JournalError) -> ConversationRecord? { nil }
    public func positions(identity: UInt64) throws(JournalError) -> [Position] { [] }
    public func isDeadLetter(_ position: Position) throws(JournalError) -> Bool { false }
    public func deadLetter(at position: Position) throws(JournalError) -> DeadLetter? { nil }
    public func deadLetters(
        after position: Position, conversation: ConversationID?, limit: Int
    ) throws(JournalError) -> [DeadLetter] { [] }
}
