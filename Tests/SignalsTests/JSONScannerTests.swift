import Signals
import Testing

@Suite struct JSONScannerTests {
    @Test(arguments: [
        "{}", "[]", "null", "true", "false", "0", "-0", "-1", "10", "1.5", "1e3", "1E+3", "1e-3", "0.0e0", "-0.1",
        "123456789012345678901234567890", #""""#, #""a""#, #""\"\\\/\b\f\n\r\t""#, #""\u00e9""#, #""\ud83d\ude00""#,
        "\"é日本😀\"", "\"\u{7f}\"", "\"\u{2028}\"", " \t\r\n{ \"a\" : [ 1 , 2 ] , \"b\" : { } } \n", "[[[[]]]]", "[{}]",
        #"{"":0}"#, #"{"a":1,"a":2}"#, #"["\u0000"]"#, #"{"a":{"b":[{"c":null}]}}"#, #""abcdefg\"hijklmnop""#,
        "[1,[2,[3,{\"x\":[]}]],4]", "\"\u{10ffff}\"",
    ])
    func `Valid JSON is accepted`(text: String) throws {
        let slice = try JSONSlice(Array(text.utf8))
        _ = try JSONValue(Array(text.utf8))
        #expect(slice.raw.count > 0)
    }

    @Test(arguments: [
        "", " ", "{", "}", "[", "]", "[1,]", "{\"a\":1,}", "{,}", "[,]", "{\"a\"}", "{\"a\":}", "{a:1}", "{'a':1}",
        "{\"a\" 1}", "{\"a\":1 \"b\":2}", "[1 2]", "{1:2}", "{null:1}", "nul", "nulL", "tru", "truth", "fals", "True",
        "NaN", "Infinity", "-", "+1", "01", "-01", "00", "1.", ".5", "1.e1", "1e", "1e+", "0x10", "1_000", "--1", "-a",
        "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\\"a", "\"a\u{0}b\"", "\"\n\"", "\"\t\"",
        "{}{}", "[] 1", "1 2", "null,", "[1}", "{\"a\":1]", "[[]", "/* c */ 1", "// c\n1", "\u{feff}{}", "\u{a0}1",
        #""\ud800""#, #""\udc00""#, #""\ud800\u0041""#, #""\ud800a""#, #""\ud83d\ud83d""#, #"{"a":1"#, #"{"a""#,
        "é", "[\u{7f}]", "\u{0}", "[1]\u{0}",
    ])
    func `Invalid JSON is refused`(text: String) {
        #expect(throws: JSONError.self) { try JSONSlice(Array(text.utf8)) }
        #expect(throws: JSONError.self) { try JSONValue(Array(text.utf8)) }
        #expect(JSONObjectView(Array(text.utf8)) == nil)
    }

    @Test(
        arguments: [
            [0x80], [0xc0, 0x80], [0xc1, 0xbf], [0xc3], [0xe0, 0x80, 0x80], [0xe0, 0x9f, 0xbf], [0xed, 0xa0, 0x80],
            [0xed, 0xbf, 0xbf], [0xf0, 0x80, 0x80, 0x80], [0xf0, 0x8f, 0xbf, 0xbf], [0xf4, 0x90, 0x80, 0x80],
            [0xf5, 0x80, 0x80, 0x80], [0xff], [0xfe], [0xe2, 0x82], [0xe2, 0x28, 0xa1], [0xf0, 0x9f, 0x98],
            [0xf0, 0x9f, 0x28, 0x80], [0xf0, 0x9f, 0x98, 0x28],
        ] as [[UInt8]])
    func `Bytes that are not UTF-8 are refused as such`(bytes: [UInt8]) {
        for text in [[0x22] + bytes + [0x22], Array("{\"key\":\"0123456".utf8) + bytes + Array("\"}".utf8), bytes] {
            #expect {
                try JSONSlice(text)
            } throws: { error in
                if case .invalidUTF8 = error as? JSONError { true } else { false }
            }
        }
    }

    @Test(arguments: [("[", "]"), ("{\"a\":", "}")])
    func `Nesting is accepted up to 64 levels and refused beyond`(open: String, close: String) throws {
        func nested(_ levels: Int) -> [UInt8] {
            Array((String(repeating: open, count: levels) + "1" + String(repeating: close, count: levels)).utf8)
        }
        _ = try JSONSlice(nested(64))
        _ = try JSONValue(nested(64))
        #expect(throws: JSONError.tooDeep(limit: 64)) { try JSONSlice(nested(65)) }
        #expect(throws: JSONError.tooDeep(limit: 64)) { try JSONValue(nested(65)) }
        #expect(throws: JSONError.tooDeep(limit: 64)) { try JSONSlice(nested(100_000)) }
    }

    @Test func `Only open levels count as depth`() throws {
        let text = "[" + [String](repeating: "[[]]", count: 1_000).joined(separator: ",") + "]"
        _ = try JSONSlice(Array(text.utf8))
    }

    @Test func `A text truncated anywhere is refused and never read past its end`() {
        let text = Array(#"{"a":[1.5e-3,"x\u00e9\ud83d\ude00é",true,false,null,{"b":{}}]}"#.utf8)
        for end in 0..<text.count {
            #expect(throws: JSONError.self) { try JSONSlice(Array(text[..<end])) }
        }
    }

    @Test func `A string is read at every alignment of the eight-byte steps`() throws {
        for length in 0..<40 {
            for special in ["", "é", "\\n", "\\\"", "😀"] {
                let text = "\"" + String(repeating: "x", count: length) + special + "tail\""
                let slice = try JSONSlice(Array(text.utf8))
                #expect(slice.raw.count == text.utf8.count)
            }
        }
    }

    @Test func `Escaped keys match, and the last of equal keys counts`() throws {
        let view = try #require(JSONObjectView(Array(#"{"\u0069d":"a","x":{"y":1},"id":"b","\u0078":2}"#.utf8)))
        #expect(view["id"]?.string == "b")
        #expect(view["x"]?.kind == .integer)
        #expect(view["nothing"] == nil)
        let escaped = try #require(JSONObjectView(Array(#"{"\u0069\u0064":"a"}"#.utf8)))
        #expect(escaped["id"]?.string == "a")
        #expect(try JSONValue(Array(#"{"a":1,"\u0061":2}"#.utf8))["a"]?.int == 2)
    }

    @Test func `Strings are unescaped and numbers keep their spelling`() throws {
        let value = try JSONValue(Array(#"["\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00",1,1.0,1e2,-0]"#.utf8))
        let array = try #require(value.array)
        #expect(array[0].string == "\"\\/\u{8}\u{c}\n\r\té😀")
        #expect(array[1] == .integer("1"))
        #expect(array[2] == .fraction("1.0"))
        #expect(array[3] == .fraction("1e2"))
        #expect(array[4] == .integer("-0"))
        #expect(array[1] != array[2])
    }

    @Test func `Written JSON reads back`() throws {
        for text in ["", "plain", "q\"b\\s/", "\u{0}\u{1f}\u{7f}\n", "é日本😀", "\u{2028}"] {
            var bytes: [UInt8] = []
            JSONWriter.append(string: text, to: &bytes)
            #expect(try JSONSlice(bytes).string == text)
        }
    }
}
