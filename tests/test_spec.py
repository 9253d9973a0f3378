"""What a predict is configured with: options, inputs of a UI, backends by name."""

from __future__ import annotations

import inspect
import time
from dataclasses import fields
from typing import Any

import pytest

from chatadapters import (
    OptionError,
    UnknownBackendError,
    echo_predict,
    make_predict,
)
from chatadapters._registry import BACKENDS
from chatadapters._spec import Spec
from chatadapters.backends._wire_options import nearest
from chatadapters.backends.echo import EchoBackend
from chatadapters.testing import ScriptedBackend
from tests.both import Run


def scripted(*scripts: Any, **options: Any) -> Any:
    return make_predict(ScriptedBackend(*scripts), **{"pace": 0, **options})


def test_its_parameters_are_message_history_and_the_inputs() -> None:
    """UIs read the signature to decide what to pass."""
    plain, extra = echo_predict(), echo_predict(additional_inputs=("system", "delay"))
    assert list(inspect.signature(plain).parameters) == ["message", "history"]
    assert inspect.getfullargspec(plain).args == ["message", "history"]
    assert list(inspect.signature(extra).parameters) == ["message", "history", "system", "delay"]
    assert inspect.getfullargspec(extra).args == ["message", "history", "system", "delay"]
    assert inspect.getfullargspec(extra).varargs is None


def test_additional_inputs_set_options_by_position(run: Run) -> None:
    """Extra values go to the named options, in every view; None leaves one as it is."""
    predict = scripted(
        "yes", system="old", temperature=1, additional_inputs=["system", "temperature"]
    )
    run(predict, "predict", "Hi", [], "new", 0.2)
    run(predict, "deltas", "Hi", [], None, 0.3)
    run(predict, "events", "Hi", [])
    assert [r["messages"][0]["content"] for r in predict.backend.requests] == ["new", "old", "old"]
    assert [r["temperature"] for r in predict.backend.requests] == [0.2, 0.3, 1]
    assert predict.build("Hi", [], "built", 0)["temperature"] == 0
    assert predict.build("Hi", [], temperature=0.7)["temperature"] == 0.7


def test_additional_inputs_can_name_anything() -> None:
    """Fields of the backend and common options can be inputs too."""
    predict = echo_predict(additional_inputs=["delay", "stop"])
    started = time.perf_counter()
    assert predict.complete("abcdef", [], 0.001, "d").text == "abc"
    assert time.perf_counter() - started >= 0.003


@pytest.mark.parametrize(
    ("args", "named", "wrong"),
    [(("a", "b"), {}, "2 values after history"), ((), {"color": 1}, "'color'")],
)
def test_inputs_that_nobody_named_are_refused(args: Any, named: Any, wrong: str) -> None:
    """A value that has no name is a mistake of the UI's wiring."""
    predict = scripted("yes", additional_inputs=["system"])
    with pytest.raises(TypeError, match=wrong):
        predict.build("Hi", [], *args, **named)


def test_using_changes_options_and_leaves_the_original() -> None:
    """A new predict has the changes; common, backend and provider options alike."""
    predict = scripted("one two three", temperature=1)
    changed = predict.using(system="S", temperature=0, stop="two")
    assert changed.build("Hi")["messages"][0] == {"role": "system", "content": "S"}
    assert changed.complete("Hi").text == "one "
    assert predict.build("Hi") == {
        "messages": [{"role": "user", "content": "Hi"}],
        "temperature": 1,
    }
    assert echo_predict().using(delay=0.5).backend == EchoBackend(delay=0.5)
    assert predict.aio.using(temperature=3).build("Hi")["temperature"] == 3


def test_a_callable_system_gives_one_per_message() -> None:
    """The system text may change from message to message."""
    texts = iter(["one", "two"])
    predict = scripted("yes", system=lambda: next(texts))
    assert predict.build("Hi")["messages"][0]["content"] == "one"
    assert predict.build("Hi")["messages"][0]["content"] == "two"


def test_make_predict_takes_a_name() -> None:
    """A registered backend and its model are a string."""
    assert make_predict("echo", delay=0.25).backend == echo_predict(delay=0.25).backend
    with pytest.raises(UnknownBackendError, match="did you mean 'echo'"):
        make_predict("ecko")
    with pytest.raises(OptionError, match="'echo:x': it has no models; leave 'x' out"):
        make_predict("echo:x")


@pytest.mark.parametrize("backend", ["openai:m", "huggingface:m", "local:smollm2"])
def test_a_misspelt_option_of_every_factory_is_named(backend: str) -> None:
    """It comes to the backend as one of the request, and is told from those."""
    fields = inspect.signature(make_predict).parameters.values()
    common = [each.name for each in fields if each.kind is each.KEYWORD_ONLY]
    assert len(common) >= 13
    for name in common:
        with pytest.raises(OptionError, match=f"did you mean .*'{name}'"):
            make_predict(backend, **{f"{name}s": 1}).build("Hi")


@pytest.mark.parametrize(
    "wrong",
    [
        {"stream": True},
        {"n": 2},
        {"pace": -1},
        {"ends_with": "soon"},
        {"stop": [""]},
        {"stop": 5},
        {"additional_inputs": ["message"]},
        {"additional_inputs": ["stream"]},
        {"additional_inputs": ""},
        {"additional_inputs": 5},
        {"additional_inputs": ["delay", "delay"]},
        {"additional_inputs": ["class"]},
        {"show_reasoning": "false"},
        {"notice": "(cut)"},
        {"on_finish": []},
    ],
)
def test_options_that_cannot_be_are_refused_at_once(wrong: dict[str, Any]) -> None:
    """The factory says what is wrong, before any message."""
    with pytest.raises(OptionError, match=f"{next(iter(wrong))}|stream"):
        scripted("yes", **wrong)


def test_a_predict_is_changed_to_another_backend_as_one_is_made() -> None:
    """By an object or by a name; what is neither is named at once."""
    predict = scripted("no")
    assert predict.using(backend=EchoBackend()).complete("yes").text == "yes"
    assert predict.using(backend="echo", delay=0.001).backend == EchoBackend(delay=0.001)
    for wrong in (3, EchoBackend):
        with pytest.raises(OptionError, match="backend is"):
            predict.using(backend=wrong)


def test_an_option_the_echo_backend_lacks_is_named() -> None:
    """A typing mistake does not pass silently."""
    with pytest.raises(OptionError, match="'temprature'"):
        echo_predict(temprature=1).build("Hi")
    for wrong in (-1, "a second", None):
        with pytest.raises(OptionError, match=f"delay={wrong!r}: give seconds"):
            echo_predict(delay=wrong)  # type: ignore[arg-type]


def test_an_option_of_one_message_is_not_an_argument(run: Run) -> None:
    """The error names what is."""
    with pytest.raises(TypeError, match=r"'temperature': options .* predict.using\(temperature="):
        scripted("yes").complete("Hi", temperature=1)


@pytest.mark.parametrize("name", ["timeout", "limits", "window", "retry"])
def test_a_policy_of_the_wrong_kind_is_refused_at_once(name: str) -> None:
    """A bare number is no policy; the error says what to give."""
    with pytest.raises(OptionError, match=f"{name}=5: give"):
        scripted("yes", **{name: 5})


def test_every_option_of_a_predict_is_known_to_the_hint_for_a_misspelt_one() -> None:
    """Backends write the hint and know no spec."""
    for name in {item.name for item in fields(Spec)} - {"backend", "options"}:
        assert f"'{name}'" in nearest(name + "x", frozenset())


def test_a_backend_without_dataclass_fields_can_be_registered_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The simplest backend is a plain class."""
    monkeypatch.setitem(BACKENDS, "plain", "tests.test_predict:Plain")
    assert make_predict("plain:loud").complete("Hi").text == "loud"
    with pytest.raises(OptionError, match="'plain': which model. Give 'plain:NAME'"):
        make_predict("plain")


def test_what_is_no_backend_is_told() -> None:
    """A class, or a client of a provider, in place of a backend; what it holds is not shown."""
    with pytest.raises(OptionError, match=r"the class ScriptedBackend: give an object"):
        make_predict(ScriptedBackend)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=r"of type dict: give a Backend, or a name"):
        make_predict({"api_key": "sk-1"})  # type: ignore[arg-type]
