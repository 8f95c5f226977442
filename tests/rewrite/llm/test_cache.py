from __future__ import annotations

import hashlib
import json
import os
import pickle
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import warnings
from contextlib import closing, contextmanager

import pytest

from pyterrier_rewrite.deadline import time_limit
from pyterrier_rewrite.errors import LLMError, RewriteWarning
from pyterrier_rewrite.llm import Cached, FakeLLM, Message, OpenAILLM, Sampling
from pyterrier_rewrite.llm.answers import LAYOUT
from pyterrier_rewrite.llm.claims import Claims
from pyterrier_rewrite.stores import sqlite
from pyterrier_rewrite.stores.sqlite import Database, open_database
from tests.support.paths import ROOT


def ask(text: str) -> list[Message]:
    return [{"role": "user", "content": text}]


def questions(count: int) -> list[list[Message]]:
    return [ask(f"q{i}") for i in range(count)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "answers.db"


class Forbidden(FakeLLM):
    def stream(self, prompts, sampling):
        raise AssertionError("the model was asked")


def test_asks_once_and_remembers(path):
    fake = FakeLLM(lambda prompt, sample: f"{prompt[0]['content']}!{sample}")
    llm = Cached(fake, path)
    first = llm.generate(questions(3), n=2, temperature=1.0)
    again = Cached(Forbidden(), path).generate(questions(3), n=2, temperature=1.0)
    assert [a.texts for a in again] == [[f"q{i}!0", f"q{i}!1"] for i in range(3)]
    assert [a.cached for a in first + again] == [False] * 3 + [True] * 3
    assert len(llm) == 3
    assert len(fake.prompts) == 3


def test_an_answer_comes_back_as_it_was(path, llm_server):
    llm = Cached(OpenAILLM("m", base_url=llm_server.url), path)
    (fresh,) = llm.generate([ask("one two three")], max_tokens=2)
    (kept,) = llm.generate([ask("one two three")], max_tokens=2)
    assert (kept.texts, kept.cut, kept.cached) == (["one two"], True, True)
    assert (kept.prompt_tokens, kept.completion_tokens) == (3, 2)
    assert kept.seconds == fresh.seconds > 0


def test_asks_only_for_what_is_missing(path):
    Cached(FakeLLM("old"), path).generate(questions(3))
    fake = FakeLLM("new")
    stream = Cached(fake, path).stream(questions(5), Sampling())
    assert [(at, a.texts[0], a.cached) for at, a in stream] == [
        (0, "old", True),
        (1, "old", True),
        (2, "old", True),
        (3, "new", False),
        (4, "new", False),
    ]
    assert fake.prompts == questions(5)[3:]


@pytest.mark.parametrize(
    "change",
    [
        {"n": 2},
        {"temperature": 0.5},
        {"top_p": 0.5},
        {"max_tokens": 9},
        {"stop": ["x"]},
        {"seed": 1},
    ],
)
def test_every_sampling_parameter_counts(path, change):
    llm = Cached(FakeLLM(), path)
    llm.generate([ask("q")])
    assert not llm.generate([ask("q")], **change)[0].cached
    assert llm.generate([ask("q")], **change)[0].cached


def test_the_model_and_every_message_count(path):
    Cached(FakeLLM(), path).generate([ask("q")])
    assert not Cached(FakeLLM(name="other"), path).generate([ask("q")])[0].cached
    system = {"role": "system", "content": "s"}
    llm = Cached(FakeLLM(), path)
    assert not llm.generate([[system, *ask("q")]])[0].cached
    assert not llm.generate([[{"role": "assistant", "content": "q"}]])[0].cached
    assert llm.generate([[{"content": "q", "role": "user"}]])[0].cached


def test_samples_of_one_prompt_stay_different(path):
    fake = FakeLLM(["a", "b", "c"])
    twice = Cached(fake, path).generate([ask("q"), ask("q")], temperature=1.0)
    again = Cached(fake, path).generate([ask("q")] * 3, temperature=1.0)
    assert [a.texts[0] for a in twice] == ["a", "b"]
    assert [(a.texts[0], a.cached) for a in again] == [("a", True), ("b", True), ("c", False)]


def test_failures_are_not_stored(path):
    llm = Cached(FakeLLM({"good": "fine"}), path)
    assert [a.error is None for a in llm.generate([ask("good"), ask("bad")])] == [True, False]
    assert len(llm) == 1
    repaired = Cached(FakeLLM("now"), path).generate([ask("good"), ask("bad")])
    assert [a.texts for a in repaired] == [["fine"], ["now"]]


def test_offline_replays_and_says_what_is_missing(path):
    Cached(FakeLLM("kept"), path).generate([ask("old")])
    old, new = Cached(Forbidden(), path, offline=True).generate([ask("old"), ask("new")])
    assert (old.texts, old.cached) == (["kept"], True)
    assert new.texts == []
    assert new.error == f"not in the cache {path}: run once with offline=False to ask the model"


def test_offline_needs_a_file_and_makes_none(path):
    with pytest.raises(LLMError, match="run once with offline=False"):
        Cached(FakeLLM(), path, offline=True).generate([ask("q")])
    assert not path.exists()


def test_what_was_answered_is_kept_when_the_reader_stops(path):
    stream = Cached(FakeLLM(), path).stream(questions(9), Sampling())
    next(stream)
    next(stream)
    assert len(Cached(FakeLLM(), path)) == 2  # another connection sees them at once
    stream.close()
    assert len(Cached(FakeLLM(), path)) == 2


def test_the_model_is_stopped_when_the_reader_stops(path):
    class Held(FakeLLM):
        def stream(self, prompts, sampling):
            self.answers = super().stream(prompts, sampling)
            return self.answers

    llm = Held()
    stream = Cached(llm, path).stream(questions(9), Sampling())
    next(stream)
    stream.close()
    assert list(llm.answers) == []


def test_offline_sees_what_a_running_writer_stored(path):
    stream = Cached(FakeLLM(), path).stream(questions(9), Sampling())
    at, _ = next(stream)
    assert Cached(Forbidden(), path, offline=True).generate([ask(f"q{at}")])[0].cached
    stream.close()


def test_clear_forgets(path):
    llm = Cached(FakeLLM(), path)
    llm.generate(questions(3))
    llm.clear()
    assert len(llm) == 0
    assert not llm.generate([ask("q0")])[0].cached


def test_is_the_same_model_to_everybody(path):
    fake = FakeLLM()
    llm = Cached(fake, path)
    assert llm.identity == fake.identity
    assert llm == Cached(fake, "elsewhere.db")
    assert hash(llm) == hash(Cached(fake, "elsewhere.db"))
    assert llm != Cached(FakeLLM(), path)
    assert bool(llm)
    assert len(llm) == 0
    assert not path.exists()
    assert repr(llm) == f'Cached(FakeLLM("fake:fake"), {str(path)!r})'


def test_pickles(path):
    llm = Cached(OpenAILLM("m", base_url="http://127.0.0.1:1/v1"), path, offline=True)
    twin = pickle.loads(pickle.dumps(llm))
    assert (twin, twin.path, twin.offline) == (llm, path, True)


def test_many_keys_and_odd_text(path):
    prompts = [ask(f"q{i} \x00 \ud800 ☃") for i in range(1203)]
    llm = Cached(FakeLLM(), path)
    llm.generate(prompts)
    again = llm.generate(prompts[::-1])
    assert all(a.cached for a in again)
    said = [p[0]["content"].replace("\ud800", "\ufffd") for p in prompts[::-1]]
    assert [a.texts[0] for a in again] == said


@pytest.mark.parametrize("use", [lambda llm: llm.generate([ask("q")]), len, Cached.clear])
@pytest.mark.parametrize("offline", [False, True])
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda p: p.write_bytes(b"no database " * 999), "damaged or no SQLite file"),
        (lambda p: sqlite3.connect(p).execute("CREATE TABLE t (x)"), "another program's"),
        (lambda p: sqlite3.connect(p).execute("PRAGMA user_version = 99"), "has layout 99"),
        (lambda p: p.unlink() or p.mkdir(), "cannot use the cache"),
    ],
    ids=["damaged", "foreign", "version", "folder"],
)
def test_a_file_that_is_not_ours_is_refused(path, spoil, said, offline, use):
    if said == "has layout 99":
        Cached(FakeLLM(), path).generate([ask("q")])
    else:
        path.parent.mkdir()
        path.touch()
    spoil(path)
    with pytest.raises(LLMError, match=said) as error:
        use(Cached(Forbidden(), path, offline=offline))
    assert str(path) in str(error.value)


def garbage(content, chance):
    at = chance.randrange(len(content) - 5000)
    return content[:at] + chance.randbytes(5000) + content[at + 5000 :]


def flips(content, chance):
    damaged = bytearray(content)
    for _ in range(200):
        damaged[chance.randrange(100, len(damaged))] = chance.randrange(256)
    return bytes(damaged)


DAMAGES = {
    "a page": lambda content, chance: content[:4096] + b"\xff" * 8192 + content[12288:],
    "the schema": lambda content, chance: content.replace(b"answers", b"answ\xffrs"),
    "the magic": lambda content, chance: b"S" * 16 + content[16:],
    "its end": lambda content, chance: content[: chance.randrange(4096, len(content))],
    "flips": flips,
    "garbage": garbage,
}


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_fails_no_query(path, damage, seed):
    Cached(FakeLLM("old"), path).generate(questions(200))
    path.write_bytes(DAMAGES[damage](path.read_bytes(), random.Random(seed)))
    llm = Cached(FakeLLM("new"), path)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        answers = [answer for _ in range(3) for answer in llm.generate(questions(200))]
    assert all(answer.texts for answer in answers)
    assert len(told) == 1 or (not told and damage in ("flips", "garbage"))  # of unused bytes
    for warning in told:
        assert re.search("not kept.*damaged.*move it away", str(warning.message))


def test_what_can_still_be_read_of_a_damaged_file_is_found(path):
    Cached(FakeLLM("old " * 200), path).generate(questions(200))
    content = path.read_bytes()
    at = len(content) // 8192 * 4096
    path.write_bytes(content[:at] + bytes(4096) + content[at + 4096 :])
    with pytest.warns(RewriteWarning, match="damaged"):
        answers = Cached(FakeLLM("new"), path).generate(questions(200))
    assert 150 < sum(answer.cached for answer in answers) < 200
    with pytest.warns(RewriteWarning, match="some answers cannot be read any more.*damaged"):
        replayed = Cached(Forbidden(), path, offline=True).generate(questions(200))
    assert [answer.cached for answer in replayed] == [answer.cached for answer in answers]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "answers.db"
    with pytest.raises(LLMError, match="folder must be on a local disk") as error:
        Cached(FakeLLM(), path).generate([ask("q")])
    assert str(path) in str(error.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("there", [True, False])
def test_a_read_only_folder_gives_hits_and_keeps_nothing(path, there):
    path.parent.mkdir()
    if there:
        Cached(FakeLLM("kept"), path).generate([ask("q")])
        path.chmod(0o400)
    path.parent.chmod(0o500)
    llm = Cached(FakeLLM("new"), path)
    try:
        if there:
            assert Cached(Forbidden(), path, offline=True).generate([ask("q")])[0].cached
        with pytest.warns(RewriteWarning, match="not kept.*writable") as told:
            answers = llm.generate([ask("q"), ask("other")])
        assert [a.texts for a in answers] == [["kept" if there else "new"], ["new"]]
        llm.generate([ask("third")])
        assert len(told) == 1
    finally:
        path.parent.chmod(0o700)


def no_room(statement: str):
    """Return what stands for a database on a full disk."""

    def execute(self, what, values=()):
        if what.startswith(statement):
            error = LLMError("cannot use the cache: database or disk is full")
            raise error from sqlite3.OperationalError("database or disk is full")
        return EXECUTE(self, what, values)

    return execute


EXECUTE = Database.execute


@pytest.mark.parametrize("statement", ["INSERT OR IGNORE INTO answers", "BEGIN", "CREATE TABLE IF"])
def test_a_full_disk_loses_no_answer(path, monkeypatch, statement):
    Cached(FakeLLM("kept"), path).generate(questions(2))
    monkeypatch.setattr(Database, "execute", no_room(statement))
    llm = Cached(FakeLLM("new"), path)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(3):
            answers = llm.generate(questions(9))
            assert [a.texts[0] for a in answers[:2]] == ["kept"] * 2
            assert [a.texts[0] for a in answers[2:]] == ["new"] * 7
    is_lost = "answers" in statement  # without room for claims alone, answers are still kept
    assert len(told) == is_lost
    monkeypatch.undo()
    assert len(llm) == (2 if is_lost else 9)


def test_no_room_even_to_begin_a_file(path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pyterrier_rewrite.stores.sqlite._connect", full)
    llm = Cached(FakeLLM("new"), path)
    with pytest.warns(RewriteWarning, match="not kept.*No space left") as told:
        assert [a.texts for a in llm.generate(questions(2)) + llm.generate(questions(2))] == [
            ["new"]
        ] * 4
    assert len(told) == 1


NO_TEXT = b'{"texts": ["\xff"]}'


@pytest.mark.parametrize(
    "damage",
    [
        *("", "{", "[]", "null", '{"texts": 3}', '{"texts": [], "x": 1}', '{"texts": [""]}'),
        *('{"texts": "abc"}', '{"texts": ["abc", 1]}', b"\xff"),
        *('{"texts": ["a"], "seconds": "b"}', '{"texts": ["a"], "prompt_tokens": -1}'),
        *('{"texts": ["a"], "seconds": "1"}', '{"texts": ["a"], "seconds": NaN}'),
        *('{"texts": ["a"], "seconds": 1e999}', f'{{"texts": ["a"], "seconds": 1{"0" * 400}}}'),
        *('{"texts": ["a"], "prompt_tokens": NaN}', '{"texts": ["a"], "completion_tokens": 1.5}'),
        *('{"texts": ["a"], "prompt_tokens": true}', '{"texts": ["a"], "cut": 1}'),
        *('{"texts": ["a"], "error": "no"}', '{"texts": ["a"], "cached": false}'),
        *('{"texts": ["a", "b"]}', None, 7, NO_TEXT),
    ],
)
def test_a_damaged_row_is_asked_again(path, damage):
    Cached(FakeLLM("old"), path).generate(questions(3))
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE answers SET answer = ? WHERE request LIKE '%q1%'", (damage,))
        if damage == NO_TEXT:
            db.execute("UPDATE answers SET answer = CAST(answer AS TEXT)")
    answers = Cached(FakeLLM("new"), path).generate(questions(3))
    assert [a.texts for a in answers] == [["old"], ["new"], ["old"]]
    assert all(a.cached for a in Cached(Forbidden(), path).generate(questions(3)))


@contextmanager
def locked(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        yield


def test_a_lock_is_waited_for_no_longer_than_there_is_time(path):
    llm = Cached(FakeLLM("a"), path)
    llm.generate(questions(2))
    begun = time.monotonic()
    with locked(path), warnings.catch_warnings(), time_limit(0.2):
        warnings.simplefilter("ignore", RewriteWarning)
        hit, _, miss = llm.generate(questions(3))
    assert time.monotonic() - begun < 5  # of a minute
    assert (hit.cached, miss.error) == (True, "deadline")


def test_a_file_that_stays_locked_while_it_is_laid_out_loses_no_answer(path, monkeypatch):
    monkeypatch.setattr(sqlite, "WAIT", 0.1)
    path.parent.mkdir()
    with locked(path), pytest.warns(RewriteWarning, match="not kept.*locked"):
        assert Cached(FakeLLM("a"), path).generate(questions(2))[1].texts == ["a"]
    assert not Cached(FakeLLM("a"), path).generate(questions(2))[0].cached


def test_a_name_that_no_file_can_have_loses_no_answer(path):
    with pytest.warns(RewriteWarning, match="not kept"):
        assert Cached(FakeLLM("a"), path.with_name("a" * 999)).generate([ask("q")])[0].texts


@pytest.mark.parametrize("owner", ["", "garbage", "1 x y", "1 2"])
@pytest.mark.parametrize("until", ["soon", None, 1e300])
def test_a_damaged_claim_holds_nobody_up(path, owner, until):
    llm = Cached(FakeLLM("a"), path)
    llm.generate(questions(1))
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("INSERT INTO owners (name, until) VALUES (?, ?)", (owner, until))
    assert [a.texts for a in llm.generate(questions(2))] == [["a"]] * 2


def test_an_answer_without_text_is_not_stored(path):
    llm = Cached(FakeLLM({"q0": "", "q1": " \n", "q2": "a", "q3": "\u200b"}), path)
    llm.generate(questions(4))
    assert len(llm) == 1


def test_what_several_threads_want_at_once_is_asked_once(path):
    begun, go_on = threading.Event(), threading.Event()

    def slow(prompt, sample):
        begun.set()
        assert go_on.wait(30)
        return "a"

    fake = FakeLLM(slow)
    found: list[list[str]] = []
    threads = [
        threading.Thread(
            target=lambda: found.append(
                [a.texts[0] for a in Cached(fake, path).generate(questions(5), temperature=1.0)]
            )
        )
        for _ in range(4)
    ]
    threads[0].start()
    assert begun.wait(30)
    for thread in threads[1:]:
        thread.start()
    with time_limit(1, since=time.monotonic() - 2):  # who has no time left does not wait
        answers = dict(Cached(Forbidden(), path).stream(questions(5), Sampling(temperature=1.0)))
    assert [answers[i].error for i in range(5)] == ["deadline"] * 5
    go_on.set()
    for thread in threads:
        thread.join()
    assert found == [["a"] * 5] * 4
    assert len(fake.prompts) == 5


def died(process):
    process.kill()
    process.wait()


def became_a_zombie(process):
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)


def was_stopped(process):
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs Linux")
@pytest.mark.parametrize("happened", [died, became_a_zombie, was_stopped])
def test_nobody_waits_for_a_process_that_does_not_go_on(path, happened):
    llm = Cached(FakeLLM("a"), path)
    llm.generate(questions(1))
    gone = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        happened(gone)
        with open_database(path, LAYOUT) as file:
            claims = Claims(file)
            claims._name = f"{gone.pid} 1 x"
            request = llm._requests(questions(2), Sampling())[1]
            assert claims.take([hashlib.sha256(request.encode()).digest()])
            with time_limit(20):
                assert llm.generate(questions(2))[1].texts == ["a"]
    finally:
        gone.kill()
        gone.communicate()


def test_one_thread_that_reads_slowly_does_not_wait_for_itself(path):
    held = Cached(FakeLLM("a"), path).stream(questions(9), Sampling())
    next(held)
    assert [a.texts for a in Cached(FakeLLM("b"), path).generate(questions(9))] == [
        ["a"],
        *[["b"]] * 8,
    ]
    held.close()


def test_hits_are_kept_when_the_model_fails(path):
    class Dead(FakeLLM):
        def stream(self, prompts, sampling):
            raise LLMError("no server")
            yield

    Cached(FakeLLM("old"), path).generate(questions(2))
    answers = Cached(Dead(), path).generate(questions(3))
    assert [a.texts for a in answers] == [["old"], ["old"], []]
    assert answers[2].error == "no server"
    with pytest.raises(LLMError, match="no server"):
        Cached(Dead(), path).generate([ask("new")])


def test_threads_share_a_file(path):
    llm = Cached(FakeLLM(), path)
    failures = []

    def work(number: int) -> None:
        try:
            for start in range(0, 40, 10):
                prompts = [ask(f"{(number // 2)}-{start + i}") for i in range(10)]
                texts = [a.texts[0] for a in llm.generate(prompts)]
                assert texts == [p[0]["content"] for p in prompts]
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(llm) == 4 * 40


WRITER = """
import sys
from pyterrier_rewrite.llm import Cached, FakeLLM
sys.stdin.readline()
for i in range(200):
    Cached(FakeLLM(), sys.argv[1]).generate([[{"role": "user", "content": f"{sys.argv[2]} {i}"}]])
"""


def test_two_processes_write_at_once(path):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, path, name], stdin=subprocess.PIPE)
        for name in "ab"
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"go\n")
        writer.stdin.flush()
    assert [writer.wait() for writer in writers] == [0, 0]
    answers = Cached(Forbidden(), path).generate(
        [ask(f"{n} {i}") for n in "ab" for i in range(200)]
    )
    assert all(a.cached for a in answers)
    assert len(Cached(FakeLLM(), path)) == 400


KILLED = """
import sys
from pyterrier_rewrite.llm import Cached, OpenAILLM
llm = Cached(OpenAILLM("m", base_url=sys.argv[1], concurrency=4), sys.argv[2])
llm.generate([[{"role": "user", "content": f"q{i}"}] for i in range(60)])
"""


def test_a_killed_run_loses_only_what_was_on_its_way(path, llm_server):
    runs: list[subprocess.Popen[bytes]] = []
    started = threading.Event()

    def kill_in_the_middle(body, number):
        if number == 30:
            started.wait()
            runs[0].send_signal(signal.SIGKILL)

    llm_server.latency = 0.02
    llm_server.replies = kill_in_the_middle
    command = [sys.executable, "-c", KILLED, llm_server.url, str(path)]
    runs.append(subprocess.Popen(command, cwd=ROOT))
    started.set()
    assert runs[0].wait() == -signal.SIGKILL
    asked_before = len(llm_server.requests)
    llm_server.replies, llm_server.latency = [], 0.0

    llm = Cached(OpenAILLM("m", base_url=llm_server.url, concurrency=4), path)
    answers = llm.generate(questions(60))
    assert [a.texts for a in answers] == [[f"q{i}"] for i in range(60)]
    kept = sum(a.cached for a in answers)
    assert 30 - 2 * 4 <= kept < 30  # those in flight are lost, and at most as many on the way
    assert len(llm_server.requests) - asked_before == 60 - kept


def test_a_schema_is_part_of_the_key_and_none_changes_no_key(path):
    fake = FakeLLM("a", constrains=True)
    llm = Cached(fake, path)
    assert llm.constrains
    llm.generate(questions(1))
    (key,) = stored_requests(path)
    assert "schema" not in key  # as it was before there were schemas
    for schema in ({"type": "object"}, {"type": "array"}, {"type": "object"}):
        llm.generate(questions(1), schema=schema)
    assert len(fake.calls) == 3
    assert [sampling.schema for _, sampling in fake.calls] == [
        None,
        {"type": "object"},
        {"type": "array"},
    ]


def stored_requests(path):
    with closing(sqlite3.connect(path)) as db:
        return [request for (request,) in db.execute("SELECT request FROM answers")]


@pytest.mark.parametrize(
    ("said", "read"), [("a \ud83d b", "a \ufffd b"), ("\ud83d\ude00", "\U0001f600")]
)
def test_half_an_emoji_becomes_a_text_that_can_be_written(said, read):
    (answer,) = FakeLLM(said).generate([[{"role": "user", "content": "x"}]])
    assert answer.texts == [read]
    answer.texts[0].encode()


KILLED_TEN_TIMES = """
import os, signal, sys
from pyterrier_rewrite.llm import Cached, FakeLLM, Sampling

path = sys.argv[1]
for moment in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89):
    answered, tell = os.pipe()
    child = os.fork()
    if not child:
        prompts = [[{"role": "user", "content": f"{moment} {i}"}] for i in range(1000)]
        llm = Cached(FakeLLM(), path)
        for position, answer in llm.stream(prompts, Sampling()):
            os.write(tell, b"%05d" % position)
        os._exit(1)  # should have been killed
    told = b""
    while len(told) < 5 * moment:
        told += os.read(answered, 5 * moment - len(told))
    os.kill(child, signal.SIGKILL)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    os.close(tell)
    while more := os.read(answered, 65536):
        told += more
    print(moment, len(told) // 5)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_run_that_is_killed_loses_nothing_that_was_answered(tmp_path):
    path = tmp_path / "cache.db"
    run = subprocess.run(
        [sys.executable, "-c", KILLED_TEN_TIMES, str(path)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    killed = [tuple(map(int, line.split())) for line in run.stdout.splitlines()]
    assert len(killed) == 10
    for moment, answered in killed:
        assert answered >= moment
        asked = [[{"role": "user", "content": f"{moment} {i}"}] for i in range(answered)]
        found = Cached(FakeLLM("nobody"), path, offline=True).generate(asked)
        assert [its.texts for its in found] == [[p[0]["content"]] for p in asked]
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = file.execute("SELECT answer FROM answers").fetchall()
    assert all(json.loads(answer)["texts"] for (answer,) in rows)
    again = Cached(FakeLLM(), path).generate([[{"role": "user", "content": "1 9999"}]])
    assert again[0].texts == ["1 9999"]  # and it takes new ones
