import Signals
import Testing

@Suite struct JSONElementsTests {
    @Test func elementsOfAnArrayAreSlicesInOrder() throws {
        let array = try JSONSlice(Array(#" [1, "a,]", {"b":[2]} , [] ,null] "#.utf8))
        let elements = try #require(array.elements)
        #expect(
            elements.map { String(decoding: $0.raw, as: UTF8.self) } == ["1", #""a,]""#, #"{"b":[2]}"#, "[]", "null"])
        #expect(elements[2].object?["b"]?.elements?.count == 1)
        #expect(elements[3].elements?.isEmpty == true)
    }

    @Test(arguments: ["{}", "1", "\"[]\"", "null"]) func nothingElseHasElements(text: String) throws {
        #expect(try JSONSlice(Array(text.utf8)).elements == nil)
    }
}
