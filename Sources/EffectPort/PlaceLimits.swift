/// The maximum running attempts of an engine, by class.
package struct PlaceLimits: Sendable, Equatable {
    package var llm: Int
    package var tool: Int

    package init(llm: Int, tool: Int) {
        self.llm = llm
        self.tool = tool
    }
}
