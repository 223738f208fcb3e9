import MQTTTransport
import Testing

@Suite("A link to the broker")
struct BrokerLinkTests {
    @Test("A loss is logged once, and again after a working connection")
    func lossesAreLoggedOnce() throws {
        let link = try openLink()
        #expect(loss(link.note(.disconnected(nil)))?.isWorthLogging == true)
        #expect(loss(link.note(.disconnected(nil)))?.isWorthLogging == false)
        _ = link.note(.connected(sessionPresent: true))
        #expect(loss(link.note(.connectionRefused(MQTTError(.notAuthorized, "no"))))?.isWorthLogging == true)
    }

    @Test("After a loss no attempt is due at once, after a connection it is")
    func pausesAfterLosses() throws {
        let link = try openLink()
        #expect(link.retryMilliseconds == 0)
        _ = link.note(.disconnected(nil))
        #expect((1...100).contains(link.retryMilliseconds))
        _ = link.note(.disconnected(nil))
        #expect((101...200).contains(link.retryMilliseconds))
        let early = link.connect()
        #expect(early?.reason == nil && !link.isOpen, "an attempt before its time")
        _ = link.note(.connected(sessionPresent: false))
        #expect(link.retryMilliseconds == 0)
    }

    @Test("One denied filter means that the subscription was not granted")
    func deniedFilters() throws {
        let link = try openLink()
        #expect(isGranted(link.note(.subscribed(messageID: 1, grantedQoS: [1, 0, 2]))) == true)
        #expect(isGranted(link.note(.subscribed(messageID: 1, grantedQoS: [1, 0x87]))) == false)
    }

    @Test("Only reason codes from 0x80 on refuse a message; a lack of subscribers does not")
    func refusals() throws {
        let link = try openLink()
        #expect(refusal(link.note(.publishAcknowledged(messageID: 1, reasonCode: 0x10))) == 0)
        #expect(refusal(link.note(.publishAcknowledged(messageID: 1, reasonCode: 0x87))) == 0x87)
    }

    private func openLink() throws -> BrokerLink {
        try BrokerLink(publisherOptions(port: 1), wake: WakeHandle())
    }

    private func loss(_ news: BrokerNews) -> BrokerLoss? {
        if case .lost(let loss) = news { loss } else { nil }
    }

    private func isGranted(_ news: BrokerNews) -> Bool? {
        if case .subscribed(let isGranted) = news { isGranted } else { nil }
    }

    /// 0 for no reason code.
    private func refusal(_ news: BrokerNews) -> UInt8? {
        if case .acknowledged(_, let refusal) = news { refusal ?? 0 } else { nil }
    }
}
