/// The check of one envelope against the contract. Must not outlive the bytes it reads.
struct ContractCheck: ~Copyable {
    private let base: UnsafeRawPointer
    private let scan: EnvelopeScan
    private let defaults: Contract.Defaults

    let type: String
    let source: String
    let id: String
    let subject: String
    let family: Family
    /// Names of the attributes that the producer left out.
    let generated: [String]

    /// Reads and checks the attributes; `signal()` checks the rest.
    init(
        _ bytes: UnsafeBufferPointer<UInt8>, defaults: Contract.Defaults, makeID: () -> String
    ) throws(Rejection) {
        var scan: EnvelopeScan
        do { scan = try EnvelopeScan.read(bytes) } catch { throw Rejection(error) }
        let orNull = defaults.isEdge
        if defaults.isEdge { scan.adoptExtensions() }
        try scan.checkSpecversion()

        guard let type = scan.text(.type, default: defaults.type, orNull: orNull), !type.isEmpty else {
            throw Rejection(
                .attributeMissing("type"),
                "no type: name it in the topic (over HTTP with ?type=), or send an envelope with specversion; a payload without"
                    + " specversion is data, whatever its members")
        }
        guard let source = scan.text(.source, default: defaults.source, orNull: orNull), !source.isEmpty else {
            throw Rejection(.attributeMissing("source"), "the attribute source must be a string that is not empty")
        }
        let givenID = defaults.isEdge ? try scan.identifier() : scan.text(.id)
        if givenID?.isEmpty == true { throw Rejection(.attributeInvalid("id"), "the attribute id is empty") }
        let subject = try Self.subject(scan, default: defaults.subject)
        try scan.checkNotEmpty(.time)
        try scan.checkNotEmpty(.datacontenttype)
        try scan.checkNotEmpty(.dataschema)
        if let data = scan.top[.data], data.kind == .string, data.contentRange.isEmpty {
            throw Rejection(.payloadNotObject, "data must be a JSON object, not an empty string")
        }

        let id = givenID ?? makeID()
        try Self.check(type, "type")
        try Self.check(source, "source")
        if defaults.isEdge { try scan.checkSource(source) }
        try Self.check(id, "id")
        guard let subject else {
            throw Rejection(
                .attributeMissing("subject"), "the envelope does not name a conversation: set subject to its id")
        }
        try Self.check(subject, "subject", maximumBytes: AttributeText.maximumSubjectBytes)
        guard let family = Family(type: type) else {
            throw Rejection(.typeNamespace, "the type must start with conv. and one of in, applied, effect, out, audit")
        }
        if defaults.isEdge, let fault = TopicName.fault(type: type) {
            throw Rejection(.attributeInvalid("type"), "the type \(fault)")
        }
        self.type = type
        self.source = source
        self.id = id
        self.subject = subject
        self.family = family
        var generated: [String] = []
        if scan.isAbsent(.source, orNull: orNull) { generated.append("source") }
        if givenID == nil { generated.append("id") }
        self.generated = generated
        self.base = scan.base
        self.scan = scan
        self.defaults = defaults
    }

    /// Checks version and payload, and creates the signal.
    func signal() throws(Rejection) -> Signal {
        try checkVersion()
        let data = try checkedData()
        if defaults.isEdge { try scan.checkEdge() }
        return Signal(
            id: id, source: source, type: type, subject: subject, time: try time(), cause: try cause(),
            traceparent: traceparent(), extensions: try extensions(), data: data)
    }

    // MARK: Attributes

    private static func subject(
        _ scan: borrowing EnvelopeScan, default standard: String?
    ) throws(Rejection) -> String? {
        switch scan.top[.subject]?.kind {
        case .none, .null: return scan.subjectAlias() ?? standard
        case .string:
            try scan.checkNotEmpty(.subject)
            return scan.text(.subject, default: nil)
        case .true, .false, .integer, .fraction, .array, .object: return nil
        }
    }

    private static func check(
        _ text: String, _ name: String, maximumBytes: Int = AttributeText.maximumBytes
    ) throws(Rejection) {
        if let fault = AttributeText.fault(text, maximumBytes: maximumBytes) {
            throw Rejection(.attributeInvalid(name), "the attribute \(name) \(fault)")
        }
    }

    private func time() throws(Rejection) -> String? {
        if defaults.isEdge { return try scan.edgeTime() }
        let time = scan.text(.time)
        if let time { try Self.check(time, "time", maximumBytes: AttributeText.maximumTimeBytes) }
        return time
    }

    private func checkVersion() throws(Rejection) {
        let chosen =
            notNull(scan.top[.contractmajor]) ?? notNull(scan.inExtensions(.contractMajorAlias))
            ?? notNull(scan.inExtensions(.contractmajor)) ?? notNull(scan.top[.contractMajorAlias])
        guard let given = given(chosen) else { return }
        let text = String(decoding: JSONText.bytes(base, given.range), as: UTF8.self)
        guard given.kind == .integer, text != "0", !text.hasPrefix("-") else {
            throw Rejection(.contractVersionInvalid, "contractmajor must be a whole number from 1")
        }
        guard text == Contract.supportedMajor else {
            throw Rejection(.contractVersionUnsupported, "only contractmajor \(Contract.supportedMajor) is supported")
        }
    }

    /// The first cause name whose value is neither null nor false decides.
    private func cause() throws(Rejection) -> Cause {
        let alias = notNull(scan.top[.causeIDAlias]) ?? scan.inExtensions(.causeIDAlias)
        let chosen =
            given(scan.top[.causationid]) ?? given(alias) ?? given(scan.inExtensions(.causationid))
            ?? given(scan.payload[.causeID])
        guard let chosen else { return .none }
        if defaults.isEdge, !scan.isForked { try scan.checkCause(chosen) }
        // An escape takes at most six bytes for one.
        guard chosen.kind == .string, chosen.contentRange.count <= 6 * AttributeText.maximumBytes else {
            return .unsatisfiable
        }
        let id = JSONText.string(base, chosen)
        return id.utf8.count <= AttributeText.maximumBytes ? .signal(id) : .unsatisfiable
    }

    /// For the edges only null means absent; for the core false does, too.
    private func given(_ slot: JSONSlot?) -> JSONSlot? {
        slot?.kind == .false && !defaults.isEdge ? nil : notNull(slot)
    }

    private func notNull(_ slot: JSONSlot?) -> JSONSlot? {
        slot?.kind == .null ? nil : slot
    }

    /// Trace context is a hint: a value that could not be published unchanged is dropped and is not an error.
    private func traceparent() -> String? {
        guard let slot = notNull(scan.top[.traceparent]) ?? scan.inExtensions(.traceparent), slot.kind == .string,
            !slot.isEscaped
        else { return nil }
        let content = JSONText.bytes(base, slot.contentRange)
        return TraceContext.isTraceparent(content) ? String(decoding: content, as: UTF8.self) : nil
    }

    private func extensions() throws(Rejection) -> [UInt8] {
        guard
            !scan.top.others.isEmpty || scan.top[.extensions] != nil || scan.top[.dataschema] != nil
                || scan.top[.projectIDAlias] != nil
        else { return [] }
        var members = ExtensionMembers(base: base)
        // The envelope's own members win over its `extensions` object.
        for member in scan.otherExtensions { members.set(member) }
        for member in scan.top.others { members.set(member) }
        members.setProject(
            inExtensions: notNull(scan.inExtensions(.projectIDAlias)), inEnvelope: scan.top[.projectIDAlias])
        if let schema = scan.top[.dataschema], schema.kind == .string { members.set("dataschema", schema) }
        if defaults.isEdge { try members.check() }
        return try members.encode()
    }

    // MARK: Payload

    private func checkedData() throws(Rejection) -> [UInt8] {
        let slot = scan.top[.data]
        let isAbsent = defaults.isEdge && scan.hasNoData
        guard isAbsent || slot?.kind == .object else {
            throw Rejection(
                .payloadNotObject,
                scan.top[.dataBase64] == nil
                    ? "data must be a JSON object" : "data must be a JSON object; data_base64 is not supported")
        }
        let addsIngress = family == .inbound && defaults.ingress != nil
        let (first, second) = Contract.requiredKeys(family)
        if isMissing(first, isOptional: addsIngress) || (second.map { isMissing($0, isOptional: addsIngress) } ?? false)
        {
            let keys = [first, second].compactMap(\.self).filter { isMissing($0, isOptional: addsIngress) }
                .map(\.text.description)
            throw Rejection(.payloadMissing(keys), "data must have \(keys.joined(separator: " and ")), not blank")
        }
        let data = slot.flatMap { isAbsent ? nil : JSONText.bytes(base, $0.range) } ?? Self.emptyObject
        guard addsIngress, let ingress = defaults.ingress,
            scan.payload[.messageID] == nil || scan.payload[.ingress] == nil
        else { return Array(data) }
        return complete(data, ingress: ingress)
    }

    /// The value of absent data.
    private static var emptyObject: UnsafeBufferPointer<UInt8> {
        let text: StaticString = "{}"
        return UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    /// Whether a required member is missing, null or blank.
    private func isMissing(_ key: PayloadKey, isOptional: Bool) -> Bool {
        guard let value = scan.payload[key] else { return !isOptional }
        return value.kind == .null || (value.kind == .string && JSONText.isBlank(base, value))
    }

    /// Inserts the missing members in front of the object's first member; everything else keeps its spelling.
    private func complete(_ data: UnsafeBufferPointer<UInt8>, ingress: String) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(data.count + id.utf8.count + ingress.utf8.count + 32)
        result.append(UInt8(ascii: "{"))
        var isFirst = true
        for (key, text) in [(PayloadKey.messageID, id), (.ingress, ingress)] where scan.payload[key] == nil {
            if !isFirst { result.append(UInt8(ascii: ",")) }
            isFirst = false
            JSONWriter.append(string: key.text.description, to: &result)
            result.append(UInt8(ascii: ":"))
            JSONWriter.append(string: text, to: &result)
        }
        if !scan.payload.isEmpty { result.append(UInt8(ascii: ",")) }
        result.append(contentsOf: data.dropFirst())
        return result
    }
}
