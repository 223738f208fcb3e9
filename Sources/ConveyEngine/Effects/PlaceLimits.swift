/// How many attempts of each class an engine may have running.
package struct PlaceLimits: Sendable, Equatable {
    package var llm: Int
    package var tool: Int

    package init(llm: Int, tool: Int) {
        self.llm = llm
        self.tool = tool
    }
}
