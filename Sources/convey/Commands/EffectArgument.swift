import ArgumentParser
import Signals

/// An effect on the command line.
struct EffectArgument: ParsableArguments {
    @Argument(help: "The effect's id, as convey effects and tail show it.")
    var effect: String
    @Flag(help: "The id is the model's tool_call_id.")
    var toolCall = false

    func validate() throws {
        if effect.allSatisfy(\.isWhitespace) { throw ValidationError("the effect's id is empty") }
    }

    /// The member of the signal's data that names it.
    var member: (String, JSONValue?) { (toolCall ? "tool_call_id" : "effect_id", .string(effect)) }
}
