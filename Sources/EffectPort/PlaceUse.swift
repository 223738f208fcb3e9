/// The slots for attempts that an engine uses and requests, by class. Timers need none.
package struct PlaceUse: Sendable, Equatable {
    package struct Count: Sendable, Equatable {
        /// Running attempts.
        package var running: Int
        /// Effects that wait for a slot.
        package var queued: Int

        package init(running: Int = 0, queued: Int = 0) {
            self.running = running
            self.queued = queued
        }
    }

    package var llm: Count
    package var tool: Count

    package init(llm: Count = Count(), tool: Count = Count()) {
        self.llm = llm
        self.tool = tool
    }
}
