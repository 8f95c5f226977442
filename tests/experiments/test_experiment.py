"""Experiments from a config to the files, with numbers that pt.Experiment agrees with."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from io import StringIO

import ir_measures
import numpy as np
import pandas as pd
import pyterrier as pt
import pytest
import typer
import yaml
from rich.console import Console
from scipy.stats import ttest_rel

from pyterrier_rewrite import Cached, FakeLLM, Prompt
from pyterrier_rewrite.experiments.build.workbench import Workbench
from pyterrier_rewrite.experiments.cli.main import call, main
from pyterrier_rewrite.experiments.config import ConfigError, ExperimentConfig, load_config
from pyterrier_rewrite.experiments.run.execute import Executor, run_experiment
from pyterrier_rewrite.experiments.run.files import file_names
from pyterrier_rewrite.experiments.run.results import against_baseline
from pyterrier_rewrite.experiments.run.table import print_report
from pyterrier_rewrite.llm import Sampling

SHOP = {"shop": {"products": 2000, "queries": {"test": 20}}}


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PT_REWRITE_HOME", str(tmp_path_factory.mktemp("home")))
        yield


def workbench(**changes) -> Workbench:
    content = {
        "name": "test",
        "collection": SHOP,
        "llms": {"fake": {"type": "fake", "reply": "a sofa in linen"}},
        "systems": {
            "raw": ["bm25"],
            "RM3": ["bm25", "text", {"RM3": {"fb_docs": 3}}, "bm25"],
            "Query2Doc": ["Query2Doc", "bm25"],
            "oracle": ["FromColumn", "bm25"],
        },
        "measures": ["nDCG@10", "AP"],
        "baseline": "raw",
        "oracle": "oracle",
        "depth": 50,
        "timed": 2,
        **changes,
    }
    return Workbench(ExperimentConfig.model_validate(content), verbose=False)


@pytest.fixture(scope="module")
def report(home):
    return run_experiment(workbench())


def test_means_are_those_of_pt_experiment(report):
    bench = workbench()
    systems = {
        name: bench.pipeline(bench.config.systems[name], name) for name in bench.config.systems
    }
    measures = [ir_measures.parse_measure(name) for name in bench.config.measures]
    table = pt.Experiment(
        systems,
        bench.topics(),
        bench.qrels(),
        measures,
        plan="tree",
        validate="error",
        verbose=False,
    )
    for measure in map(str, measures):
        assert report.table[measure].tolist() == pytest.approx(table[measure].tolist(), abs=1e-9)


def test_gap_closed_is_the_share_of_the_way_to_the_oracle(report):
    rows = report.table.set_index("name")
    low, high = rows["nDCG@10"]["raw"], rows["nDCG@10"]["oracle"]
    assert high > low + 0.2
    assert rows["gap_closed"]["raw"] == 0
    assert rows["gap_closed"]["oracle"] == 1
    expected = (rows["nDCG@10"]["RM3"] - low) / (high - low)
    assert rows["gap_closed"]["RM3"] == pytest.approx(expected)


def test_costs_stand_by_the_system_that_asked(report):
    rows = report.table.set_index("name")
    assert rows["requests"].tolist() == [0, 0, 20, 0]
    # one prompt token a word: FakeLLM answers with four words
    assert rows["completion_tokens"]["Query2Doc"] == 20 * 4


def test_costs_of_a_guarded_method_of_several_steps_in_money_and_in_qusage(home):
    price = {"prompt": 1_000_000, "completion": 10_000_000}  # 1 and 10 a token
    fake = {"type": "fake", "reply": "1. a sofa\n2. a bed\n3. a desk", "price": price}
    systems = {
        "QAExpand": ["QAExpand", "KeepEntities", {"Unchanged": {"similarity": 0.95}}, "bm25"]
    }
    bench = workbench(llms={"fake": fake}, systems=systems, baseline=None, oracle=None)
    report = run_experiment(bench)
    (row,) = report.table.to_dict("records")
    assert row["requests"] > 20  # more than one a query
    assert row["money"] == pytest.approx(row["prompt_tokens"] + 10 * row["completion_tokens"])
    usage = pd.DataFrame(report.runs[0].rewrites["qusage"].tolist()).sum()
    # identical requests of a batch are sent, and paid for, once
    assert usage["prompt_tokens"] == row["prompt_tokens"]
    assert usage["completion_tokens"] == row["completion_tokens"]
    assert usage["requests"] - usage["cached"] == row["requests"]


def test_against_baseline_by_hand():
    values = pd.DataFrame({"base": [0.1, 0.2, 0.3], "a": [0.2, 0.2, 0.1], "b": [0.3, 0.4, 0.5]})
    out = against_baseline(values, "base", correction="bonferroni")
    assert out["change"]["a"] == pytest.approx((0.1 + 0.0 - 0.2) / 3)
    assert [out[key]["a"] for key in ("won", "tied", "lost")] == [1, 1, 1]
    raw = ttest_rel(values["a"], values["base"]).pvalue
    assert out["p"]["a"] == pytest.approx(min(1.0, 2 * raw))
    assert np.isnan(out["p"]["base"])
    assert against_baseline(values, "base", correction=None)["p"]["a"] == pytest.approx(raw)


def test_shared_stages_run_once():
    bench = workbench(
        systems={"a": ["Query2Doc", "bm25"], "b": ["Query2Doc", {"bm25": {"k1": 0.9}}]},
        baseline=None,
        oracle=None,
    )
    report = run_experiment(bench)
    assert bench.spent.requests == 20
    assert report.table["requests"].tolist() == [20, 20]


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        (["bm52"], r"systems.x.0: there is no stage 'bm52'; did you mean 'bm25'"),
        ([{"RM3": {"fb_dosc": 3}}], r"systems.x.0.RM3: unknown parameter 'fb_dosc'.*'fb_docs'"),
        ([{"RM3": {"fb_docs": "three"}}], r"systems.x.0.RM3.fb_docs: .*found 'three'"),
        ([{"RM3": {"fb_docs": 0}}], r"systems.x.0.RM3: fb_docs"),
        (["bm25", "text", {"Query2Doc": {"llm": "gpt"}}], "there is no model 'gpt'"),
        ([{"Query2Doc": {"formulation": "Repeet"}}], "there is no 'Repeet'; did you mean 'Repeat'"),
        ([{"Query2Doc": {"formulation": {"Repeat": {"n": 0}}}}], "the query would be lost"),
        ([{"bm25": {"k1": "x"}}], r"systems.x.0.bm25.k1: .*found 'x'"),
        ([{"RRF": {"systems": [[7]]}}], r"systems.x.0.RRF.systems.0.0: expected a name or"),
        (["RM3", "bm25"], "systems.x.0: RM3 cannot take what comes before it: it needs"),
        (["Query2Doc"], r"a system should end in results"),
        (["bm25", "Query2Doc", "bm25"], "Query2Doc cannot take what comes before it.*takes no"),
        (["dense"], "needs the key dense"),
        ([{"Query2Doc": {"prompt": "query2dok"}}, "bm25"], "did you mean 'query2doc'"),
        ([{"Query2Doc": {"prompt": "query2doc"}}, "bm25"], "name one of them: query2doc/zero-shot"),
        ([{"Query2Doc": {"temperature": -1}}, "bm25"], "temperature should be 0 or more"),
        ([{"FromFile": {"path": "/nowhere.tsv"}}, "bm25"], "/nowhere.tsv: no such file"),
        (["FromFile", "bm25"], r"systems.x.0.FromFile: the parameter 'path' is missing"),
        ([{"bm25": {"num_results": -1}}], "num_results should be at least 1"),
        (["loop", "bm25"], "define.loop: the definition leads back to itself"),
        (["MultiQuery", "bm25"], "which is no topic; .*end the system with a fusion"),
        (["RM3", "bm25"], r"give it feedback: \[bm25, text\], or put bm25 and"),
        ([{"RRF": {"systems": "bm25"}}], "expected a list of pipelines"),
    ],
)
def test_wrong_systems(stages, message):
    define = {"loop": ["loop"]}
    bench = workbench(systems={"x": stages}, define=define, baseline=None, oracle=None)
    with pytest.raises(ConfigError, match=message):
        run_experiment(bench)


def test_nested_pipelines_and_feedback_parameters():
    bench = workbench(
        systems={
            "fused": [{"RRF": {"systems": [["bm25"], ["Query2Doc", "bm25"]], "k": 10}}],
            "feedback": [{"RM3": {"feedback": ["bm25", "text"]}}, "bm25"],
        },
        baseline=None,
        oracle=None,
    )
    report = run_experiment(bench)
    assert (report.table["nDCG@10"] > 0).all()
    assert report.table["requests"].tolist() == [20, 0]


def test_queries_without_results_are_counted_and_told():
    topics = pd.DataFrame({"qid": ["1", "2"], "query": ["sofa", "zzzz"]})
    systems = {
        "behind": ["bm25", "text", "RM3", "bm25"],
        "feedback": [{"RM3": {"feedback": ["bm25", "text"]}}, "bm25"],
        "rescued": ["Query2Doc", "bm25"],
    }
    bench = workbench(systems=systems, baseline=None, oracle=None)
    qrels = pd.DataFrame({"qid": ["1", "2"], "docno": ["p1", "p2"], "label": [1, 1]})
    bench.topics, bench.qrels = lambda: topics, lambda: qrels
    report = run_experiment(bench)
    assert report.table["no_results"].tolist() == [1, 1, 0]
    told = "\n".join(report.notes)
    assert "feedback: no results for 1 of 2 queries, first '2'" in told
    assert "behind: 1 of them did not reach the rewriter" in told
    assert "feedback: 1 of them" not in told
    console = Console(width=200, file=StringIO())
    print_report(report, console)
    assert "no results" in console.file.getvalue().splitlines()[2]


def test_judged_documents_that_no_index_has_are_counted(tmp_path):
    (tmp_path / "qrels").mkdir()
    files = {
        "corpus.jsonl": '{"_id": "a", "title": "Sofa", "description": "a couch"}\n',
        "queries.jsonl": '{"_id": "1", "text": "couch"}\n',
        "qrels/test.tsv": "query-id\tcorpus-id\tscore\n1\ta\t1\n1\tx\t0\n1\ty\t1\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    systems = {"BM25": ["bm25"]}
    collection = {"beir": str(tmp_path)}
    bench = workbench(collection=collection, systems=systems, baseline=None, oracle=None)
    report = run_experiment(bench)
    assert report.table["AP"].tolist() == [0.5]  # the description is searched
    assert (
        "2 of 3 judged documents (1 of them relevant) are not in the index, first 'x'"
        in (report.notes[0])
    )
    assert bench.unindexed(["a"]) == []


def write_config(tmp_path, **changes):
    config = workbench(**changes).config.model_dump(mode="json", exclude_none=True)
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return str(path)


def test_the_command_line_writes_every_file(tmp_path, capsys):
    out = tmp_path / "out"
    assert call(["run", write_config(tmp_path), "--out", str(out), "--quiet"]) == 0
    printed = capsys.readouterr().out
    assert "nDCG@10" in printed
    assert "won/tied/lost" in printed
    results = pd.read_csv(out / "results.csv")
    assert list(results.columns[:3]) == ["name", "nDCG@10", "AP"]
    assert list(results["name"]) == ["raw", "RM3", "Query2Doc", "oracle"]
    perquery = pd.read_csv(out / "perquery.csv")
    assert list(perquery.columns) == ["name", "qid", "measure", "value"]
    assert len(perquery) == 4 * 20 * 2
    with gzip.open(out / "runs" / "RM3.res.gz", "rt") as run:
        _, q0, _, rank, _, tag = run.readline().split()
    assert (q0, rank, tag) == ("Q0", "0", "RM3")
    lines = (out / "rewrites" / "Query2Doc.jsonl").read_text().splitlines()
    rewrite = json.loads(lines[0])
    assert rewrite["qgen"] == ["a sofa in linen"]
    assert rewrite["query"].endswith(" a sofa in linen")
    assert rewrite["prompts"] == {"query2doc/zero-shot": 1}
    assert not (out / "rewrites" / "raw.jsonl").exists()
    assert load_config(out / "config.yaml").depth == 50
    assert "pyterrier" in json.loads((out / "versions.json").read_text())


def test_dry_run_estimates_and_writes_nothing(tmp_path, capsys):
    out = tmp_path / "out"
    config = write_config(tmp_path)
    assert call(["run", config, "--dry-run", "--out", str(out), "--quiet"]) == 0
    printed = capsys.readouterr().out
    assert "no request was made" in printed
    assert "2,560" in printed  # 20 completions of at most 128 tokens
    assert not out.exists()


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"llms": {"main": {"type": "llama.cpp", "model": "none.gguf"}}}, 1, "none.gguf, found no"),
        ({"systems": {"late": ["bm25", "Query2Doc"]}}, 2, "takes no ['docno']; put it before the"),
    ],
)
def test_dry_run_tells_what_no_request_is_needed_for(tmp_path, capsys, changes, code, message):
    config = write_config(tmp_path, **{"baseline": None, "oracle": None, **changes})
    assert call(["run", config, "--dry-run", "-q"]) == code
    assert message in " ".join(capsys.readouterr().err.split())


def test_dry_run_loads_no_model_of_vectors_and_counts_every_step(tmp_path, capsys):
    config = write_config(
        tmp_path,
        dense={"model": "/nowhere"},
        systems={
            "dense": ["dense"],
            "MILL": [{"MILL": {"feedback": ["bm25", "text"]}}, "bm25"],
            "QAExpand": ["QAExpand", "bm25"],
            "reranked": ["bm25", "text", {"CrossEncoderReranker": {"model": "/nowhere"}}],
        },
        baseline=None,
        oracle=None,
    )
    assert call(["run", config, "--dry-run", "-q"]) == 0
    printed = capsys.readouterr().out
    (line,) = [line for line in printed.splitlines() if line.strip().startswith("QAExpand")]
    assert line.split()[1] == "60"  # three requests for each of 20 queries


@pytest.mark.parametrize("cache", [True, False])
def test_an_interrupt_promises_only_the_cache_that_there_is(tmp_path, monkeypatch, capsys, cache):
    monkeypatch.setattr("pyterrier_rewrite.llm.cache.KEPT", Counter())
    file = tmp_path / "cache.db"

    def interrupted(*_, **__):
        llm = Cached(FakeLLM("a couch"), file) if cache else FakeLLM("a couch")
        stream = llm.stream([[{"role": "user", "content": str(i)}] for i in range(9)], Sampling())
        assert [next(stream)[0], next(stream)[0]] == [0, 1]
        raise typer.Abort

    monkeypatch.setitem(main.__globals__, "app", interrupted)
    with pytest.raises(SystemExit) as ended:
        main(["run", "query2doc"])
    kept = f"interrupted; 2 new answers of models are kept in {file}\n"
    said = kept if cache else "interrupted\n"
    assert (ended.value.code, capsys.readouterr().err) == (130, said)


@pytest.mark.parametrize(("cache", "said"), [(True, "in the cache"), (False, "no cache")])
def test_a_budget_says_whether_the_answers_so_far_are_kept(tmp_path, capsys, cache, said):
    llms = {"fake": {"type": "fake", "reply": f"a couch {cache}", "cache": cache}}
    config = write_config(tmp_path, llms=llms)
    call(["run", config, "--budget", "500 tokens", "--out", str(tmp_path / "o"), "-q"])
    assert said in " ".join(capsys.readouterr().out.split())


def test_a_budget_stops_the_run(tmp_path, capsys):
    config = write_config(tmp_path)
    assert call(["run", config, "--budget", "500 tokens", "--out", str(tmp_path / "o"), "-q"]) == 1
    assert "Query2Doc failed: stopped at" in " ".join(capsys.readouterr().out.split())
    assert list(pd.read_csv(tmp_path / "o" / "results.csv")["name"]) == ["raw", "RM3", "oracle"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run", "nowhere"], 2, "there is no file and no config 'nowhere'"),
        (["run", "shop", "--set", "depth=none"], 2, "depth"),
        (["run", "shop", "--budget", "lots"], 2, "expected money"),
        (["run", "query2doc", "--budget", "2.50"], 2, "needs a price for main"),
        (["run", "shop", "--set", "collection={beir: /nowhere}"], 2, "/nowhere"),
        (["methods", "RM4"], 2, "no method 'RM4'; did you mean 'RM3'"),
        (["methods", "--needs", "luck"], 2, "expected one of nothing, llm, feedback, training"),
        (["prompts", "quer2doc"], 2, "did you mean 'query2doc'"),
        (["run"], 2, "Missing argument"),
        (["rum"], 2, "rum"),
        (["try", "RM4", "couch"], 2, "did you mean 'RM3'"),
        (["try", "Query2Doc", "couch"], 2, "needs a language model"),
        (["try", "Query2Doc", "couch", "--model", "no.gguf"], 1, "expected a GGUF file at no.gguf"),
        (["try", "RM3", " "], 2, "the query is empty"),
        (["try", "RM3", "couch", "--set", "fb_terms"], 2, "KEY=VALUE"),
        (["demo", "--products", "1"], 2, "products"),
        (["try", "FromColumn", "couch"], 2, "'qrewrite' beside the query, which only topics have"),
        (["try", "FromFile", "couch"], 2, "error: FromFile: the parameter 'path' is missing; give"),
        (["try", "FromFile", "couch", "--set", "path=/no"], 2, "error: FromFile: /no: no such"),
        (["run", "shop", "--set", "cache=false"], 2, "entry of llms: llms.NAME.cache"),
        (["try", "RM3", "couch", "--set", "x={a: ["], 2, "is not YAML"),
        (["try", "RM3", "couch", "-c", "{beir: ["], 2, "is not YAML"),
        (["run", "shop", "--set", "measures=[ndcg_cut_10]"], 2, "did you mean 'nDCG@10'"),
        (["run", "shop", "--set", "measures=[P]"], 2, "lacks a parameter"),
        (["run", "shop", "--out", "/dev/null/x"], 2, "cannot write to /dev/null/x"),
        (["--version"], 0, ""),
        (["--help"], 0, ""),
    ],
)
def test_exit_codes(arguments, code, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert call(arguments) == code
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    assert message in " ".join((printed.err + printed.out).split())


class Broken(pt.Transformer):
    """Fails at the queries, whatever they are."""

    def transform(self, inp):
        pt.validate.query_frame(inp, extra_columns=["query"], context=self)
        raise ZeroDivisionError("in the middle of it")


BROKEN = {f"{__name__}:Broken": {}}


@pytest.mark.parametrize("named", ["raw", "broken"])
def test_a_system_that_fails_costs_the_others_nothing(named, tmp_path, capsys):
    out = tmp_path / "out"
    systems = {"broken": [BROKEN, "bm25"], "raw": ["bm25"], "also": [BROKEN, "RM3"]}
    config = write_config(tmp_path, systems=systems, baseline=named, oracle=None)
    assert call(["run", config, "-q", "--out", str(out)]) == 1
    printed = capsys.readouterr()
    assert "broken failed: ZeroDivisionError: in the middle of it" in printed.out
    assert "broken, also did not come to an end" in " ".join(printed.err.split())
    assert "Traceback" not in printed.err
    results = pd.read_csv(out / "results.csv")
    assert list(results["name"]) == ["raw"]
    assert ("nDCG@10 change" in results) == (named == "raw")
    assert load_config(out / "config.yaml").baseline == named
    assert "line" in (out / "failed.txt").read_text()
    assert call(["run", config, "-q", "--dry-run"]) == 1
    assert "broken failed: ZeroDivisionError" in capsys.readouterr().err
    systems = {"raw": ["bm25"]}
    whole = write_config(tmp_path, systems=systems, baseline=None, oracle=None)
    assert call(["run", whole, "-q", "--out", str(out), "--overwrite"]) == 0
    assert not (out / "failed.txt").exists()


def test_what_all_systems_fail_of_is_raised():
    systems = {"a": [BROKEN, "bm25"], "b": [BROKEN, {"bm25": {"k1": 2}}]}
    with pytest.raises(ZeroDivisionError):
        run_experiment(workbench(systems=systems, baseline=None, oracle=None))


def test_a_stage_that_fails_is_run_once():
    calls = []

    class Counted(Broken):
        def transform(self, inp):
            calls.append(len(inp))
            return super().transform(inp)

    stage = Counted()
    bench = workbench(baseline=None, oracle=None)
    bm25 = bench.pipeline(["bm25"], "here")
    systems = {"a": [stage], "b": [stage, bm25], "fine": [bm25]}
    runs, failed = Executor(bench.topics(), bench).run_all(systems)
    assert [run.name for run in runs] == ["fine"]
    assert list(failed) == ["a", "b"]
    assert calls == [1, 1]  # alone, and the query that opens an index or loads a model


def test_queries_are_timed_alone_and_models_asked_no_more_than_without():
    systems = {"Query2Doc": ["Query2Doc", "bm25"], "again": ["Query2Doc", {"bm25": {"k1": 2}}]}
    tables = []
    for timed in (0, 3):
        bench = workbench(systems=systems, timed=timed, baseline=None, oracle=None)
        report = run_experiment(bench)
        assert [len(run.latencies) for run in report.runs] == [timed, timed]
        assert bench.spent.requests == 20
        tables.append(report.table)
    without, table = tables
    assert without[["p50", "p95"]].isna().all(axis=None)
    assert (table["p95"] >= table["p50"]).all()
    assert (table["p50"] > 0).all()
    same = ["nDCG@10", "requests", "cached", "prompt_tokens", "completion_tokens"]
    pd.testing.assert_frame_equal(table[same], without[same])


def test_a_replay_from_a_cache_has_no_latency(tmp_path):
    llm = {"type": "fake", "cache": str(tmp_path / "answers.sqlite")}
    systems = {"Query2Doc": ["Query2Doc", "bm25"], "raw": ["bm25"]}
    first, again = (
        run_experiment(workbench(systems=systems, llms={"fake": llm}, timed=3, oracle=None))
        for _ in range(2)
    )
    assert [len(run.latencies) for run in first.runs] == [3, 3]
    assert [len(run.latencies) for run in again.runs] == [0, 3]


def test_what_fails_has_no_latency():
    systems = {"Query2Doc": ["Query2Doc", "bm25"], "raw": ["bm25"]}
    bench = workbench(systems=systems, llms={"fake": {"type": "fake", "reply": ""}}, oracle=None)
    report = run_experiment(bench)
    assert [len(run.latencies) for run in report.runs] == [0, 2]
    console = Console(width=200, file=StringIO())
    print_report(report, console)
    assert "–" in console.file.getvalue()


@pytest.mark.parametrize("on_error", ["keep", "raise"])
def test_a_dead_model_is_told_and_is_exit_code_1(on_error, tmp_path, capsys):
    write_config(tmp_path)
    content = yaml.safe_load((tmp_path / "config.yaml").read_text())
    content["llms"]["fake"] = {
        "type": "openai",
        "model": "m",
        "base_url": "http://127.0.0.1:9/v1",
        "retries": 0,
    }
    content["systems"]["Query2Doc"] = [{"Query2Doc": {"on_error": on_error}}, "bm25"]
    (tmp_path / "dead.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    assert call(["run", str(tmp_path / "dead.yaml"), "-q", "--out", str(tmp_path / "out")]) == 1
    printed = capsys.readouterr()
    assert "127.0.0.1:9" in " ".join((printed.err + printed.out).split())
    if on_error == "keep":
        results = pd.read_csv(tmp_path / "out" / "results.csv").set_index("name")
        assert results["failed"]["Query2Doc"] == 20
        assert "no query could be rewritten by Query2Doc" in " ".join(printed.err.split())


def test_systems_that_are_gone_leave_no_files(tmp_path):
    out = tmp_path / "out"
    assert call(["run", write_config(tmp_path), "-q", "--out", str(out)]) == 0
    fewer = write_config(tmp_path, systems={"raw": ["bm25"]}, baseline=None, oracle=None)
    (out / "runs" / "mine.txt").write_text("kept")
    assert call(["run", fewer, "-q", "--out", str(out), "--overwrite"]) == 0
    assert sorted(path.name for path in (out / "runs").iterdir()) == ["mine.txt", "raw.res.gz"]
    assert not list((out / "rewrites").iterdir())


def test_the_results_of_another_run_are_not_written_over(tmp_path, capsys):
    out = tmp_path / "out"
    run = ["run", write_config(tmp_path, systems={"raw": ["bm25"]}, baseline=None, oracle=None)]
    assert call([*run, "-q", "--out", str(out)]) == 0
    assert call([*run, "-q", "--out", str(out)]) == 0  # the very same
    before = (out / "results.csv").read_text()
    capsys.readouterr()
    other = [*run, "-q", "--out", str(out), "--set", "index.k1=0.5", "--set", "depth=7"]
    assert call(other) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "another run, which differs in index, depth; name another folder with --out" in said
    assert (out / "results.csv").read_text() == before
    assert call([*other, "--overwrite"]) == 0
    assert load_config(out / "config.yaml").depth == 7


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("results.csv", "system,measure\n", "holds results.csv, but no config.yaml of a run"),
        ("perquery.csv", "", "holds perquery.csv, but no config.yaml of a run"),
        ("config.yaml", "{", "no config of such a run, or damaged"),
        ("config.yaml", "name: mine\ntraining: [sft]\n", "no config of such a run, or damaged"),
        ("config.yaml", "{name: &a [*a]}", "no config of such a run, or damaged"),
        (
            "config.yaml",
            "# mine\nname: test\ncollection: shop\nsystems: {raw: [bm25]}\n",
            "differs in collection",
        ),
    ],
)
def test_files_that_no_run_wrote_are_left_alone(name, text, message, tmp_path, capsys):
    config = write_config(tmp_path, systems={"raw": ["bm25"]}, baseline=None, oracle=None)
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text(text)
    assert call(["run", config, "-q", "--out", str(out)]) == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert [path.name for path in out.iterdir()] == [name]
    assert (out / name).read_text() == text


@pytest.mark.parametrize(
    ("file", "earlier"),
    [
        ("runs", None),
        ("rewrites", None),
        ("runs/rewritten.res.gz", None),
        ("rewrites/rewritten.jsonl", None),
        ("runs/rewritten.res.gz", "raw"),
        ("rewrites/rewritten.jsonl", "raw"),
        ("runs/rewritten.res.gz", "rewritten"),
        ("rewrites/rewritten.jsonl", "rewritten"),
    ],
)
def test_what_no_run_wrote_where_systems_are_written_is_left_alone(file, earlier, tmp_path, capsys):
    def run(name):
        systems = {name: ["FromColumn", "bm25"] if name == "rewritten" else ["bm25"]}
        config = write_config(tmp_path, systems=systems, baseline=None, oracle=None)
        return call(["run", config, "-q", "--out", str(tmp_path / "out"), "--overwrite"])

    if earlier is not None:
        assert run(earlier) == 0
    mine = tmp_path / "out" / file
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_text("years of work")
    is_its_own = earlier == "rewritten"
    assert run("rewritten") == (0 if is_its_own else 2)
    if not is_its_own:
        assert f"holds {file}, but no config.yaml" in " ".join(capsys.readouterr().err.split())
        assert mine.read_text() == "years of work"


def test_a_config_that_a_person_wrote_is_left_alone(tmp_path, capsys):
    config = write_config(tmp_path, systems={"raw": ["bm25"]}, baseline=None, oracle=None)
    with open(config, "a") as file:
        file.write("# do not lose this\n")
    assert call(["run", config, "-q", "--out", str(tmp_path)]) == 2
    assert "written by hand" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("beside_a_run", [False, True])
@pytest.mark.parametrize(
    "file", ["index.html", "training/thesis.tex", "warm-start/thesis.tex", "runs/trained.res.gz"]
)
def test_the_demo_removes_nothing_that_no_demo_wrote(file, beside_a_run, tmp_path, capsys):
    if beside_a_run:
        (tmp_path / "own").mkdir()
        config = write_config(
            tmp_path / "own", systems={"raw": ["bm25"]}, baseline=None, oracle=None
        )
        assert call(["run", config, "-q", "--out", str(tmp_path)]) == 0
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("years of work")
    assert call(["demo", "-q", "--out", str(tmp_path), "--products", "100", "--overwrite"]) == 2
    assert f"holds {file.partition('/')[0]}" in " ".join(capsys.readouterr().err.split())
    assert (tmp_path / file).read_text() == "years of work"


def test_systems_have_files_of_their_own_whatever_they_are_called():
    names = ["a/b", "a b", "../..", "é" * 300, "é" * 301, "A_b"]
    found = file_names(names)
    assert len({name.casefold() for name in found.values()}) == len(names)
    assert all(len(name.encode()) < 210 and "/" not in name for name in found.values())
    assert not any(name.startswith(".") for name in found.values())


@pytest.mark.parametrize("width", [40, 80])
def test_no_name_and_no_number_is_cut_to_fit_the_terminal(width):
    bench = workbench()
    report = run_experiment(bench)
    console = Console(width=width, file=StringIO())
    print_report(report, console)
    printed = console.file.getvalue()
    for name in bench.config.systems:
        assert name in printed
    assert "…" not in printed
    for row in report.table.to_dict("records"):
        (line, *_) = [text for text in printed.splitlines() if text.strip().startswith(row["name"])]
        assert line.rstrip().endswith(f" {row['p95']:,.1f}")


def test_methods_lists_every_rewriter(capsys):
    assert call(["methods"]) == 0
    printed = capsys.readouterr().out
    for name in ("RM3", "Rocchio", "Bo1", "KL", "Query2Doc", "FromFile"):
        assert name in printed


def test_a_method_is_printed_whole(capsys):
    assert call(["methods", "LameR"]) == 0
    printed = capsys.readouterr().out
    for word in (
        "needs: LLM, 10 documents",
        "reference: Shen et al.",
        "n: int | None, 5, at least 1",
        "prompt: lamer/",
        "[user]",
        "feedback: [bm25, text]",
    ):
        assert word in printed
    assert "``" not in printed


def test_a_method_as_json_says_the_same(capsys):
    assert call(["methods", "Query2Doc", "--json"]) == 0
    card = json.loads(capsys.readouterr().out)
    by_name = {argument["name"]: argument for argument in card["arguments"]}
    assert by_name["n"]["range"] == "at least 1"
    assert by_name["llm"]["default"] == "required"
    assert card["published"]["max_tokens"] == "128"
    assert [(p["id"], p["version"]) for p in card["prompts"]] == [("query2doc/zero-shot", 1)]
    assert "{query}" in card["prompts"][0]["text"]


@pytest.mark.parametrize(
    ("need", "among", "missing"),
    [
        ("nothing", "HQE", "Query2Doc"),
        ("llm", "Query2Doc", "RM3"),
        ("feedback", "RM3", "Query2Doc"),
        ("training", "QuReTeC", "RM3"),
    ],
)
def test_methods_by_what_they_need(need, among, missing, capsys):
    assert call(["methods", "--needs", need, "--json"]) == 0
    found = {row["name"] for row in json.loads(capsys.readouterr().out)}
    assert among in found
    assert missing not in found


def test_prompts_are_listed_and_printed_as_they_can_be_changed(capsys, tmp_path):
    assert call(["prompts"]) == 0
    assert "query2doc/zero-shot  version 1, query" in capsys.readouterr().out
    assert call(["prompts", "query2doc/zero-shot"]) == 0
    assert "Query: {query}" in capsys.readouterr().out
    assert call(["prompts", "query2doc"]) == 0
    (tmp_path / "mine.yaml").write_text(capsys.readouterr().out)
    name = f"{tmp_path}/mine.yaml#zero-shot"
    assert Prompt.load(name).messages == Prompt.load("query2doc/zero-shot").messages


def test_results_are_written_before_they_are_printed(tmp_path, monkeypatch):
    def closed(*_):
        raise BrokenPipeError

    monkeypatch.setattr("pyterrier_rewrite.experiments.run.table.print_report", closed)
    out = tmp_path / "out"
    assert call(["run", write_config(tmp_path), "--out", str(out), "-q"]) == 1
    assert (out / "results.csv").exists()


def test_try_shows_rewrite_cost_and_documents(capsys):
    assert call(["try", "RM3", "leather sofa", "-k", "2", "-c", "{shop: {products: 200}}"]) == 0
    printed = capsys.readouterr().out
    for word in ("rewrite", "terms", "leather", "cost", "before", "after", "0 requests"):
        assert word in printed


def test_try_in_a_conversation_and_without_judgements(tmp_path, capsys):
    (tmp_path / "corpus.jsonl").write_text('{"_id": "a", "text": "Bach had many sons"}\n')
    said = ["-t", "who was Bach?", "-t", "Assistant: a composer"]
    arguments = ["try", "AppendHistory", "and his sons?", "-c", f"{{beir: {tmp_path}}}"]
    assert call([*arguments, *said]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "rewrite and his sons? who was Bach? a composer" in printed
    assert "before" in printed
    assert "Bach had many sons" in printed
