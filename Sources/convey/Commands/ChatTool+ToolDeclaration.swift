import ChatCompletions
import EffectHandlers

extension ChatTool {
    init(_ tool: ToolDeclaration) {
        self.init(name: tool.name, description: tool.description, parameters: tool.parameters)
    }
}
