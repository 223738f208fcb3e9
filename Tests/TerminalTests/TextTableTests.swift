import Testing

@testable import Terminal

@Suite("Tables")
struct TextTableTests {
    private func plain(_ table: TextTable) -> [String] { table.lines.map(\.plain) }

    @Test("Columns are under their headers, numbers to the right, and wide characters take two columns")
    func columns() {
        let table = TextTable(
            ["OFFSET", "WHO", "TEXT"], right: [0], empty: "nothing",
            rows: [["1", "日本", "a"], ["100", "e\u{301}ve", "b"]])
        #expect(plain(table) == ["OFFSET  WHO   TEXT", "     1  日本  a", "   100  e\u{301}ve   b"])
    }

    @Test("Further lines of the last column are indented below its first; other columns have one line")
    func lines() {
        let table = TextTable(["A", "B"], empty: "nothing", rows: [["x\ny", "one\ntwo"]])
        #expect(plain(table) == ["A    B", "x y  one", "     two"])
    }

    @Test("A table without rows has no lines but a note")
    func empty() {
        let table = TextTable(["A"], empty: "no conversations", rows: [])
        #expect(table.lines.isEmpty && table.isEmpty && table.empty == "no conversations")
    }
}
