import Signals
import Testing

@Suite struct ConversationRefTests {
    @Test(arguments: [
        ("%zz", "%zz"), ("%", "%"), ("100%", "100%"), ("%4", "%4"), ("%%41", "%A"), ("%4%41", "%4A"), ("%g1", "%g1"),
        ("a%2", "a%2"), ("%+1", "% 1"), ("%2541", "%41"), ("%e2%82%ac", "€"),
    ])
    func `A broken escape in a reference stands for itself`(spelled: String, id: String) throws {
        let project = try ConversationRef(parsing: "project/\(spelled)/conversation/c")
        #expect(project.projectID == id && project.conversationID == "c")
        let conversation = try ConversationRef(parsing: "project/p/conversation/\(spelled)")
        #expect(conversation.projectID == "p" && conversation.conversationID == id)
    }

    @Test(arguments: [
        "project/%ff/conversation/c", "project/p/conversation/%e2%82", "project/+/conversation/c",
        "project/p/conversation/%20", "project/p", "p/conversation/c", "",
    ])
    func `A reference that is not valid text is refused`(subject: String) {
        #expect(throws: ConversationRef.Fault.invalidSubject) { try ConversationRef(parsing: subject) }
    }

    @Test(arguments: ["%zz", "%", "a%4", "%41"])
    func `Topics and paths stay strict about escapes`(id: String) throws {
        let ref = try ConversationRef(projectID: id, conversationID: id)
        #expect(try ConversationRef(parsing: ref.subject).projectID == id)
        #expect(throws: (any Error).self) { try TopicName.read("conv/in/\(id)/message/received", root: "conv") }
    }
}
