/// A setting: its names and how its text is read.
package struct Setting<Value: Sendable>: Sendable {
    package let key: SettingKey
    /// Parses the text; the error says in a few words what is valid.
    package let parse: @Sendable (String) throws(InvalidValue) -> Value

    init(
        _ path: String, flag: String? = nil, in section: SettingKey.Section, _ placeholder: String?,
        default defaultText: String? = nil, note: String? = nil, secrecy: SettingKey.Secrecy = .open,
        acceptsEmpty: Bool = false, isStructured: Bool = false, help: String,
        parse: @escaping @Sendable (String) throws(InvalidValue) -> Value
    ) {
        let derivedFlag = path.replacing(".", with: "-").replacing("_", with: "-")
        key = SettingKey(
            path: path, flag: flag ?? derivedFlag, section: section, placeholder: placeholder, defaultText: defaultText,
            defaultNote: note, help: help, secrecy: secrecy, acceptsEmpty: acceptsEmpty,
            isStructured: isStructured)
        self.parse = parse
    }
}
