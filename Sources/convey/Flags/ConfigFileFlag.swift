import ArgumentParser

struct ConfigFileFlag: ParsableArguments {
    @Option(name: .customLong("config"), help: "A YAML file with settings. [CONVEY_CONFIG]", completion: .file())
    var file: String?
}
