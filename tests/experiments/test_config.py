"""Configs: what is wrong is named with its key, its place and the near miss."""

from __future__ import annotations

import pytest

from pyterrier_rewrite.experiments.config import (
    ConfigError,
    ExperimentConfig,
    TrainConfig,
    builtin_configs,
    load_config,
    read_config,
)

MINIMAL = """\
name: mini
collection: shop
llms:
  main:
    type: openai
    model: m
systems:
  raw: [bm25]
  other: [{RM3: {fb_docs: 3}}, bm25]
measures: [nDCG@10]
baseline: raw
"""


LAUGHS = "\n".join(
    f"z{at}: &z{at} [{', '.join([f'*z{at - 1}' if at else 'lol'] * 10)}]" for at in range(10)
)
"""Ten lines that stand for ten thousand million values."""


@pytest.fixture
def file(tmp_path):
    def write(text: str = MINIMAL) -> str:
        path = tmp_path / "mini.yaml"
        path.write_text(text)
        return str(path)

    return write


def test_defaults(file):
    config = load_config(file())
    assert config.index.k1 == 1.2
    assert config.correction == "holm"
    assert config.llms["main"].concurrency == 64


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "    type: openai\n",
            "",
            "line 4: llms.main: .*openai, transformers, llama.cpp, vllm or fake",
        ),
        (
            "name: mini",
            "name: mini\nindex: {engine: pizza}",
            "line 2: index.engine: there is no engine 'pizza'; did you mean 'pisa'",
        ),
        ("measures:", "mesures:", r"line 10: unknown key 'mesures'; did you mean 'measures'"),
        ("    model: m", "    modle: m", r"line 6: unknown key 'llms.main.modle'.*'model'"),
        (
            "type: openai",
            "type: opnai",
            "line 4: llms.main: the key 'type' should be openai, trans",
        ),
        ("[nDCG@10]", "[nDGC@10]", r"line 10: measures: 'nDGC@10' is no measure.*'nDCG'"),
        ("[nDCG@10]", "7", r"line 10: measures: .*valid list.*found 7"),
        ("[nDCG@10]", "[]", "at least one measure"),
        ("baseline: raw", "baseline: row", r"baseline 'row' is not among the systems.*'raw'"),
        ("raw: [bm25]", "raw: [7]", r"line 8: systems.raw.0: expected a name or .* found 7"),
        ("raw: [bm25]", "off: [bm25]", r"line 8: YAML reads the key 'off' as bool; quote it"),
        ("other: [{RM3", "raw: [{RM3", r"line 9: the key 'raw' stands in line 8 too"),
        ("name: mini\n", "", "the key 'name' is missing"),
        ("name: mini", "name: a/b", r"line 1: name: .*pattern.*found 'a/b'"),
        ("name: mini", "name: ..", r"line 1: name: .*pattern.*found '..'"),
        (
            "systems:\n  raw: [bm25]\n  other: [{RM3: {fb_docs: 3}}, bm25]",
            "systems: {}",
            "at least 1",
        ),
        ("name: mini", "name: [", "is not valid YAML"),
        ("name: mini", "name: mini\ndescription: &a [*a]", "line 2: what the alias names holds"),
        ("name: mini", f"name: mini\n{LAUGHS}", "aliases make more than 100,000 values of it"),
        ("name: mini", f"name: {'[' * 2000}{']' * 2000}", "nested too deeply"),
        ("name: mini", "name: ../x", r"line 1: name: .*pattern.*found '../x'"),
        ("name: mini", "name: /tmp/x", r"line 1: name: .*pattern.*found '/tmp/x'"),
        ("name: mini", 'name: "a\\n"', r"line 1: name: .*pattern"),
        ("collection: shop", "collection: ${where}", r"\$\{where\} is not among the vars"),
    ],
)
def test_mistakes(file, old, new, message):
    assert old in MINIMAL
    with pytest.raises(ConfigError, match=message):
        load_config(file(MINIMAL.replace(old, new)))


def test_aliases_are_welcome(file):
    text = MINIMAL.replace("raw: [bm25]", "raw: &raw [bm25]") + "define: {x: *raw}\n"
    assert load_config(file(text)).define["x"] == ["bm25"]


def test_every_mistake_is_told_at_once(file):
    text = MINIMAL.replace("measures:", "mesures:").replace("baseline:", "basline:")
    with pytest.raises(ConfigError) as error:
        load_config(file(text))
    assert len(str(error.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("override", "read", "value"),
    [
        ("index.k1=0.9", lambda c: c.index.k1, 0.9),
        (
            "collection={beir: x, split: test}",
            lambda c: c.collection,
            {"beir": "x", "split": "test"},
        ),
        ("systems.other.0.RM3.fb_docs=7", lambda c: c.systems["other"][0], {"RM3": {"fb_docs": 7}}),
        ("measures=[AP, R@100]", lambda c: c.measures, ["AP", "R@100"]),
        ("llms.main.price={prompt: 1, completion: 2}", lambda c: c.llms["main"].price.prompt, 1),
        ("baseline=null", lambda c: c.baseline, None),
    ],
)
def test_overrides(file, override, read, value):
    assert read(load_config(file(), [override])) == value


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("index.k1", "expected key=value"),
        ("index.k2=1", r"--set index.k2: unknown key 'index.k2'; did you mean 'k1'"),
        ("index.k1=much", r"--set index.k1: .*found 'much'"),
        ("systems.other.5=bm25", "a position from 0 to 1"),
        ("name.x=1", "nothing to set inside name"),
        ("measures=[", "not valid YAML"),
    ],
)
def test_wrong_overrides(file, override, message):
    with pytest.raises(ConfigError, match=message):
        load_config(file(), [override])


def test_vars_are_filled_in_everywhere(file):
    text = MINIMAL + "vars: {where: /data}\ndefine: {x: [{FromFile: {path: '${where}/a.tsv'}}]}\n"
    assert load_config(file(text)).define["x"] == [{"FromFile": {"path": "/data/a.tsv"}}]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("vaswanni", "did you mean 'vaswani'"),
        ("nowhere.yaml", "there is no file 'nowhere.yaml'"),
    ],
)
def test_missing_configs(source, message):
    with pytest.raises(ConfigError, match=message):
        load_config(source)


def test_not_utf8(tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"name: caf\xe9")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_config(path)


@pytest.mark.parametrize("name", builtin_configs())
def test_every_config_that_comes_along_is_valid_and_bears_its_name(name):
    config = load_config(name)
    assert config.name == name
    assert config.description


@pytest.mark.parametrize("as_file", [False, True])
@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        (ExperimentConfig, "train-shop", "the config of a training; it goes to: pt-rewrite train"),
        (TrainConfig, "shop", "the config of an experiment; it goes to: pt-rewrite run"),
    ],
)
def test_a_config_of_the_other_kind_names_its_command(kind, name, message, as_file, file):
    text = builtin_configs(training=kind is ExperimentConfig)[name]
    source = file(text) if as_file else name
    with pytest.raises(ConfigError, match=f"{message} {source}"):
        read_config(kind, source)


@pytest.mark.parametrize(
    ("told", "where"),
    [
        ("extra_body: {messages: []}", "llms.main: extra_body: 'messages'.*change the prompt"),
        ("headers: {a b: c}", "llms.main: headers: 'a b' cannot be sent"),
        ("concurrency: 1001", "llms.main: concurrency"),
    ],
)
def test_what_a_client_does_not_take_is_told_with_its_place(file, told, where):
    text = MINIMAL.replace("    model: m", f"    model: m\n    base_url: http://a/v1\n    {told}")
    with pytest.raises(ConfigError, match=where):
        load_config(file(text)).llms["main"].make("main", verbose=False)


def test_what_a_server_gets_beside_the_methods_parameters(file, monkeypatch):
    told = "temperature: 0.3, extra_body: {effort: low, n: null}, headers: {api-key: $SECRET, x: y}"
    text = MINIMAL.replace("    model: m", f"    model: m\n    base_url: http://a/v1\n    {told}")
    text = text.replace(", headers", "\n    headers").replace(", extra", "\n    extra")
    config = load_config(file(text))
    wanted = config.llms["main"]
    with pytest.raises(ConfigError, match=r"llms.main.headers.api-key: .* SECRET is not set"):
        wanted.make("main", verbose=False)
    monkeypatch.setenv("SECRET", "abc")
    llm = wanted.make("main", verbose=False)
    assert llm.extra_body == {"temperature": 0.3, "effort": "low", "n": None}
    assert llm.headers == {"api-key": "abc", "x": "y"}
    # as it is written beside the results: with what is null on purpose, without the secret
    again = load_config(file(config.as_yaml()))
    assert again.llms == config.llms
    assert "abc" not in config.as_yaml()
