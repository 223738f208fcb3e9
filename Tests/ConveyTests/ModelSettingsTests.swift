import ChatCompletions
import EffectHandlers
import Foundation
import Testing

@testable import convey
@testable import ConveySettings

private let testKey = "sk-test-55d0aa"

@Suite struct ModelSettingsTests {
    @Test func `Without settings, echo answers; with a base URL, the provider at that URL`() throws {
        #expect(try settings("").models.provider == "echo")
        let key = try TemporaryFile(" \(testKey) \nsecond line\n")
        chmod(key.path, 0o600)
        let read = try settings(
            "llm:\n  base_url: http://127.0.0.1:1/v1\n  model: m\n  api_key_file: \(key.path)\n")
        #expect(read.models.provider == "openai")
        #expect(read.models.providers.map(\.model) == ["m"])
        #expect(read.models.providers[0].apiKey?.reveal() == testKey)
        #expect(read.warnings.isEmpty)
    }

    @Test func `Providers are read from YAML, and from JSON in the environment`() throws {
        let yaml = """
            llm:
              provider: local
              fallback: [second, openai]
              model: m
              providers:
                local:
                  base_url: http://127.0.0.1:11434/v1
                  model: "7"
                  token_limit: max_completion_tokens
                  stream_usage: no
                second: {base_url: https://example.org/v1, model: n, organization: o}
            """
        let models = try settings(yaml, ["CONVEY_LLM_API_KEY": testKey]).models
        #expect(models.provider == "local")
        #expect(models.fallback == ["second", "openai"])
        #expect(models.providers.map(\.name) == ["local", "second", "openai"])
        #expect(models.providers.map(\.model) == ["7", "n", "m"])
        #expect(models.providers[0].tokenLimitMember == .maxCompletionTokens && !models.providers[0].asksForUsage)
        #expect(models.providers[1].organization == "o")

        let json =
            #"{"a":{"base_url":"http://127.0.0.1:1","model":"x"},"b":{"base_url":"http://127.0.0.1:2","model":"y"}}"#
        let other = try settings(
            "", ["CONVEY_LLM_PROVIDERS": json, "CONVEY_LLM_PROVIDER": "b", "CONVEY_LLM_FALLBACK": "a"]
        ).models
        #expect(other.provider == "b" && other.fallback == ["a"])
        #expect(other.providers.map(\.name) == ["a", "b"])
    }

    @Test func `Every wrong member of a provider is reported with its line`() throws {
        let yaml = """
            llm:
              providers:
                local:
                  base_url: ftp://h
                  model: 7
                  colour: red
                  api_key: \(testKey)
                  token_limit: some
                  stream_usage: maybe
                echo: {}
                empty:
                  api_key_env: NOT_SET
              temperature: 3
            """
        let problems = problems(yaml)
        for (start, line) in [
            ("llm.providers.local.model: must be text", 5),
            ("llm.providers.local.colour: is not a member of a provider", 6),
            ("llm.providers.local.api_key: is not allowed here", 7), ("llm.providers.local.token_limit: ", 8),
            ("llm.providers.local.stream_usage: ", 9), ("llm.providers.local.base_url: the base URL", 4),
            ("llm.providers.echo: is the name of the built-in model", 10),
            ("llm.providers.empty.base_url: is missing", 11), ("llm.providers.empty.model: is required", 11),
            ("llm.providers.empty.api_key_env: the environment variable NOT_SET is not set", 12),
            ("llm.temperature: \"3\" is not a number", 13),
        ] {
            #expect(problems.contains { $0.hasPrefix(start) && $0.hasSuffix(":\(line))") }, "\(start) \(problems)")
        }
        #expect(!problems.joined().contains(testKey))
    }

    @Test func `An unknown provider is reported with the known ones`() throws {
        let yaml =
            "llm:\n  provider: opnai\n  fallback: a, a, echo\n  providers: {a: {base_url: 'http://h', model: m}}\n"
        let problems = problems(yaml)
        #expect(problems.contains { $0.hasPrefix("llm.provider: \"opnai\" is not a provider; known are echo, a") })
        #expect(problems.contains { $0.hasPrefix("llm.fallback: \"a\" is already in use") })
        #expect(problems.contains { $0.hasPrefix("llm.fallback: echo") })
    }

    @Test(arguments: [("missing", "cannot be read"), ("directory", "is a directory"), ("empty", "is empty")])
    func `A key file without a key is reported`(kind: String, expected: String) throws {
        let file = try TemporaryFile("\n")
        let path =
            switch kind {
            case "missing": "/nonexistent/key"
            case "directory": "/tmp"
            default: file.path
            }
        let problems = problems("llm: {base_url: 'http://127.0.0.1:1', model: m, api_key_file: '\(path)'}\n")
        #expect(problems.contains { $0.hasPrefix("llm.api_key_file: ") && $0.contains(expected) }, "\(problems)")
    }

    @Test func `The key in OpenAI's own variable is sent to OpenAI only, unless the variable is named`() throws {
        let environment = ["OPENAI_API_KEY": testKey]
        let openAI = try settings("llm: {provider: openai, model: m}\n", environment).models.providers[0]
        #expect(openAI.apiKey?.reveal() == testKey)
        #expect(openAI.endpoint.place == "https://api.openai.com/v1/chat/completions")
        #expect(openAI.tokenLimitMember == .maxCompletionTokens)
        let other = try settings("llm: {base_url: 'https://example.org/v1', model: m}\n", environment).models.providers[
            0]
        #expect(other.apiKey == nil)
        let named = "llm: {base_url: 'https://example.org/v1', model: m, api_key_env: OPENAI_API_KEY}\n"
        #expect(try settings(named, environment).models.providers[0].apiKey?.reveal() == testKey)
        #expect(
            problems("llm: {provider: openai, model: m}\n").contains { $0.contains("is required for api.openai.com") })
    }

    @Test func `A key that others can read, or that would be sent unencrypted, gives a warning`() throws {
        let key = try TemporaryFile(testKey)
        chmod(key.path, 0o644)
        let warnings = try settings(
            "llm: {base_url: 'http://example.org/v1?secret=1', model: m, api_key_file: '\(key.path)'}\n"
        ).warnings
        #expect(warnings.contains { $0.hasPrefix("llm.api_key_file: ") && $0.contains("every user") })
        #expect(warnings.contains { $0.hasPrefix("llm.base_url: ") && $0.contains("unencrypted") })
        #expect(!warnings.joined().contains(testKey) && !warnings.joined().contains("secret=1"))
    }

    @Test func `Headers of a provider come from a file`() throws {
        let file = try TemporaryFile("# Azure\napi-key: \(testKey)\n\nX-Team:a:b\n")
        let yaml = "llm: {providers: {a: {base_url: 'http://127.0.0.1:1', model: m, headers_file: '\(file.path)'}}}\n"
        let headers = try settings(yaml).models.providers[0].headers
        #expect(headers.map(\.name) == ["api-key", "X-Team"])
        #expect(headers.map { $0.value.reveal() } == [testKey, "a:b"])
        let bad = try TemporaryFile("no header \(testKey)\n")
        let problems = problems(yaml.replacing(file.path, with: bad.path))
        #expect(problems.contains { $0.hasPrefix("llm.providers.a.headers_file: line 1 of") })
        #expect(!problems.joined().contains(testKey))
    }

    @Test func `The printed configuration has one line per structured setting, reads back equal and shows no secret`()
        throws
    {
        let json =
            #"{"a":{"base_url":"http://u\u0085@127.0.0.1:1/v1?k=SECRET1","model":"x: #y\n","stream_usage":true}}"#
            .replacing(#"u\u0085@"#, with: "")
        let key = try TemporaryFile(testKey)
        let first = try settings(
            "llm: {model: 'm\u{2028}', base_url: 'https://h/v1?k=SECRET2', fallback: [a], api_key_file: '\(key.path)'}\n",
            ["CONVEY_LLM_PROVIDERS": json])
        let yaml = PrintedSettings.yaml(first.inForce)
        #expect(!yaml.contains("SECRET") && !yaml.contains(testKey))
        #expect(yaml.contains("\n  fallback: [\"a\"]  # "))
        let again = try settings(yaml)
        #expect(again.models.providers.map(\.name) == first.models.providers.map(\.name))
        #expect(again.models.providers.map(\.model) == first.models.providers.map(\.model))
        #expect(again.models.fallback == ["a"])
        #expect(PrintedSettings.yaml(again.inForce).contains("providers: {\"a\":{"))
    }

    @Test func `A structured setting accepts only a mapping`() {
        for value in ["[1]", "text", "'{\"a\"'"] {
            #expect(problems("llm:\n  providers: \(value)\n").contains { $0.hasPrefix("llm.providers: is not") })
        }
        #expect(problems("llm:\n  fallback: {a: 1}\n").contains { $0.hasPrefix("llm.fallback: ") })
        let deep = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        #expect(problems("llm:\n  providers: {a: \(deep)}\n").contains { $0.contains("nested too deep") })
    }

    @Test func `A system prompt comes from the setting or from a file`() throws {
        let file = try TemporaryFile("Be brief.\nAlways.\n")
        #expect(try settings("llm: {system_prompt_file: '\(file.path)'}\n").models.systemPrompt == "Be brief.\nAlways.")
        #expect(try settings("llm: {system_prompt: short}\n").models.systemPrompt == "short")
        #expect(
            problems("llm: {system_prompt: a, system_prompt_file: '\(file.path)'}\n").contains {
                $0.hasPrefix("llm.system_prompt_file: conflicts with")
            })
    }

    // MARK: -

    private func settings(_ yaml: String, _ environment: [String: String] = [:]) throws -> ServeSettings {
        let file = try TemporaryFile(yaml)
        return try ServeSettings(SettingSources(flags: [:], configFile: file.path, environment: environment))
    }

    private func problems(_ yaml: String, _ environment: [String: String] = [:]) -> [String] {
        do {
            _ = try settings(yaml, environment)
            return []
        } catch let error as SettingProblems {
            return error.problems.map(\.description)
        } catch {
            return ["\(error)"]
        }
    }
}
