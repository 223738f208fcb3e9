import JournalSupport
import Testing

@Suite struct SimulatedJournalTests {
    @Test(arguments: JournalContract.cases)
    func `The simulated journal keeps the contract`(_ contract: JournalContract) throws {
        try contract.run(SimulatedJournal(SimulatedDisk(partitionCount: 4)))
    }
}
