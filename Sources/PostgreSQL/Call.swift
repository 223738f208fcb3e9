/// One statement with its parameters. A connection sends several at once.
package struct Call {
    let sql: String
    let parameters: Parameters

    /// - Parameter sql: a single statement. It is prepared once per connection, so its text should not vary.
    package init(_ sql: String, _ parameters: Parameters = Parameters()) {
        self.sql = sql
        self.parameters = parameters
    }
}
