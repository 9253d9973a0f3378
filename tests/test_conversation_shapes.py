"""Every UI's shapes, as captured from it, read as the same conversation."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from openai.types.chat import ChatCompletionMessage

from chatadapters import AudioPart, FilePart, HistoryError, ImagePart, Message, TextPart, normalize
from tests.ui_shapes import (
    HISTORIES,
    PNG,
    PNG_URL,
    ChainlitElement,
    ChainlitMessage,
    ChatInputValue,
    MarimoFile,
    MarimoMessage,
    MarimoPart,
    PanelMessage,
    ShinyAttachment,
    UploadedFile,
    gradio_file,
    gradio_text,
)

PNG_BASE64 = PNG_URL.partition(",")[2]
IMAGE = ImagePart(PNG_URL, "px.png")
NOTE = TextPart("a note", "note.txt")
LOOK = TextPart("look")


@pytest.fixture
def png(tmp_path: Path) -> Path:
    """An image as a UI stores it."""
    path = tmp_path / "px.png"
    path.write_bytes(PNG)
    return path


@pytest.fixture
def note(tmp_path: Path) -> Path:
    """A text file as a UI stores it."""
    path = tmp_path / "note.txt"
    path.write_text("a note")
    return path


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
def test_every_history_reads_the_same(history: Any) -> None:
    """The shape of a history does not show in the messages."""
    assert normalize("second", history) == [
        ("user", "hi"),
        ("assistant", "Hello"),
        ("user", "second"),
    ]


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
def test_no_history_is_changed_or_kept(history: Any) -> None:
    """The caller's objects stay as they were, and the result shares none that can change."""
    before = deepcopy(history)
    messages = normalize("second", history)
    assert history == before
    assert all(type(m) is Message and type(m.content) is str for m in messages)


def test_what_gradio_makes_of_a_reply_is_read(png: Path) -> None:
    """The round trip of the real Chatbot component reads like what went in."""
    chatbot = gr.Chatbot(reasoning_tags=[("<think>", "</think>")])
    shown = chatbot.postprocess(
        [
            {"role": "user", "content": "hi"},
            gr.ChatMessage(content="why", metadata={"title": "Thinking", "status": "done"}),
            gr.ChatMessage(content=["Hello", {"path": str(png)}]),
            gr.ChatMessage(content="<think>more</think>answer"),
        ]
    )
    history = chatbot.preprocess(shown)
    assert normalize("second", history) == [
        ("user", "hi"),
        ("assistant", (TextPart("Hello"), IMAGE, TextPart("answer"))),
        ("user", "second"),
    ]


@pytest.mark.parametrize(
    ("component", "content"),
    [
        (lambda png: gr.Image(png, render=False), (IMAGE,)),
        (lambda png: gr.Gallery([png, (png, "caption")], render=False), (IMAGE, IMAGE)),
        (lambda png: gr.File(png, render=False), (IMAGE,)),
        (lambda png: gr.Markdown("**x**", render=False), "**x**"),
        (lambda png: gr.HTML("<b>x</b>", render=False), "<b>x</b>"),
    ],
    ids=["Image", "Gallery", "File", "Markdown", "HTML"],
)
def test_a_gradio_component_is_read_by_what_it_shows(
    component: Any, content: Any, png: Path
) -> None:
    """A component counts as its text or its files, as an object and as a block."""
    instance = component(str(png))
    block = {"type": "component", "component": "x", "value": instance.value, "instance": instance}
    assert normalize("q", [gr.ChatMessage(content=instance)])[0] == ("assistant", content)
    assert normalize("q", [{"role": "assistant", "content": [block]}])[0] == ("assistant", content)


def test_a_gradio_component_without_text_or_file_is_an_error() -> None:
    """A table is neither text nor a file, and is not left out without a word."""
    table = gr.JSON({"a": 1}, render=False)
    with pytest.raises(HistoryError, match=r"history\[0\].*\{'a': 1\} is neither text nor a file"):
        normalize("q", [gr.ChatMessage(content=table)])


def test_gradios_welcome_stays_at_the_beginning() -> None:
    """A greeting before the first user's turn is part of the conversation."""
    history = [gradio_text("assistant", "Welcome")]
    assert normalize("hi", history) == [("assistant", "Welcome"), ("user", "hi")]


def test_files_in_every_gradio_history_read_the_same(png: Path, note: Path) -> None:
    """Gradio 6 puts files and text into one entry, 5 makes an entry of each, 4 pairs."""
    files = [{"file": gradio_file(path), "alt_text": None, "type": "file"} for path in (png, note)]
    shapes: list[Any] = [
        [{"role": "user", "content": [*files, {"text": "look", "type": "text"}], "options": None}],
        [{"role": "user", "content": [{"path": str(png)}, {"path": str(note)}, "look"]}],
        [{"role": "user", "content": c} for c in ((str(png),), (str(note),), "look")],
        [[(str(png),), None], [(str(note), "alt text"), None], ["look", None]],
        [({"text": "look", "files": [str(png), str(note)]}, None)],
        [[{"text": "look", "files": [gradio_file(png), gradio_file(note)]}, ""]],
        [{"role": "user", "content": {"path": str(png)}}, [{"text": "look", "files": [note]}, ""]],
        [gr.ChatMessage(role="user", content=[gr.FileData(path=str(png)), (str(note),), "look"])],
    ]
    for history in shapes:
        assert normalize("q", [*history, ["", "ok"]])[0] == ("user", (IMAGE, NOTE, LOOK))


def test_files_in_the_message_read_the_same_from_every_ui(png: Path, note: Path) -> None:
    """Paths, Gradio's and Chainlit's descriptions, and Streamlit's uploads are one thing."""
    uploads = [UploadedFile(PNG, "px.png", "image/png"), UploadedFile(b"a note", "note.txt", "")]
    elements = [
        ChainlitElement("px.png", "image/png", str(png), "image"),
        ChainlitElement("note.txt", "text/plain", str(note)),
    ]
    messages: list[Any] = [
        {"text": "look", "files": [str(png), str(note)]},
        {"text": "look", "files": [png, note]},
        {"text": "look", "files": [gradio_file(png), gradio_file(note)]},
        ChatInputValue(text="look", files=uploads),
        ChatInputValue(text="look", files=uploads[:1], audio=uploads[1]),
        ChainlitMessage("look", elements=elements),
        (IMAGE, NOTE, LOOK),
        [IMAGE, NOTE, "look"],
        Message("user", (IMAGE, NOTE, LOOK)),
        {"role": "user", "content": [png, note, {"type": "text", "text": "look"}]},
    ]
    for message in messages:
        assert normalize(message) == [("user", (IMAGE, NOTE, LOOK))]


def test_messages_without_files_are_plain_text() -> None:
    """Every form of a message that holds text alone gives a string."""
    messages: list[Any] = [
        "look",
        {"text": "look"},
        {"text": "look", "files": []},
        {"text": "look", "files": None},
        ChatInputValue(text="look", audio=None),
        ChainlitMessage("look"),
        HumanMessage("look"),
        HumanMessage([{"type": "text", "text": "look"}]),
        {"role": "user", "content": "look"},
        Message("user", "look"),
        (TextPart("look"),),
        [{"type": "text", "text": "look"}],
        PanelMessage("look"),
    ]
    for message in messages:
        assert normalize(message) == [("user", "look")]


@pytest.mark.parametrize("as_given", [lambda message: message, ChatCompletionMessage.model_dump])
def test_a_refusal_is_what_the_model_said(as_given: Any) -> None:
    """OpenAI's messages have it beside a content that is None."""
    refused = ChatCompletionMessage(role="assistant", content=None, refusal="I cannot.")
    assert normalize("q", [["hi", None], as_given(refused)])[1] == ("assistant", "I cannot.")


def test_panels_image_is_recognised_and_left_where_it_was() -> None:
    """Panel hands an image over as a BytesIO without a name; its position does not move."""
    image = BytesIO(PNG)
    image.seek(3)
    assert normalize(image) == [("user", (ImagePart(PNG_URL),))]
    assert image.tell() == 3


def test_marimos_parts_are_read_with_their_files() -> None:
    """A file is a data URL in a part of its own; the blank line in the content is not sent."""
    entry = MarimoMessage(
        "user",
        "\nlook",
        "u2",
        [MarimoFile("file", "image/png", PNG_URL, "px.png"), MarimoPart("text", "look")],
    )
    assert normalize("q", [entry, ["", "ok"]])[0] == ("user", (IMAGE, LOOK))


def test_shinys_attachments_are_read() -> None:
    """An attachment is a data URL: images stay one, texts are inlined."""
    attachments = [
        ShinyAttachment("image/png", "px.png", PNG_URL, 8),
        ShinyAttachment("text/plain", "note.txt", "data:text/plain;base64,YSBub3Rl", 6),
    ]
    history = ({"content": "look", "role": "user", "attachments": attachments},)
    assert normalize("look", history) == [("user", (IMAGE, NOTE, LOOK))]


@pytest.mark.parametrize(
    "beside",
    [
        {"images": [PNG_BASE64]},
        {"images": PNG_BASE64},
        {"images": [f"{PNG_BASE64[:8]}\r\n{PNG_BASE64[8:]}\n"]},
        {"images": (PNG_URL,)},
        {"files": [PNG_URL]},
        {"files": {"url": PNG_URL}},
    ],
)
@pytest.mark.parametrize("text", [{"role": "user", "content": "look"}, {"text": "look"}])
def test_images_and_files_beside_a_text_are_read(beside: Any, text: Any) -> None:
    """Ollama has base64 there; a string that is none is a URL or a path."""
    look = {**text, **beside}
    assert normalize(look) == [("user", (ImagePart(PNG_URL), LOOK))]
    if "role" in look:
        history = [look, ("", "ok")]
        assert normalize("q", history)[0] == ("user", (ImagePart(PNG_URL), LOOK))


@pytest.mark.parametrize("nothing", [None, "", 0, 3, False, True, [], (), {}, [""], [None], [{}]])
@pytest.mark.parametrize("name", ["attachments", "elements", "files", "images"])
def test_what_is_no_file_beside_a_text_is_left(name: str, nothing: Any) -> None:
    """As forms and databases have it where there is none; a number counts them."""
    look = {"role": "user", "content": "look", name: nothing}
    assert normalize(look) == [("user", "look")]
    assert normalize("q", [look, ("", "ok")])[0] == ("user", "look")


def test_images_of_ollama_may_be_paths_bytes_and_urls(png: Path) -> None:
    """As its client takes them; a URL needs no name that says that it is an image's."""
    images = [str(png), png, PNG, "https://x.test/1"]
    [(_, content)] = normalize({"role": "user", "content": "look", "images": images})
    assert content == (IMAGE, IMAGE, ImagePart(PNG_URL), ImagePart("https://x.test/1"), LOOK)


def test_a_copy_that_lost_its_files_is_still_a_copy(png: Path) -> None:
    """Chainlit's history repeats the current message without its files."""
    message = ChainlitMessage("look", elements=[ChainlitElement("px.png", "", str(png))])
    history = [{"role": "user", "content": "look"}]
    assert normalize(message, history) == [("user", (IMAGE, LOOK))]


@pytest.mark.parametrize(
    ("block", "part"),
    [
        ({"type": "image_url", "image_url": {"url": PNG_URL}}, ImagePart(PNG_URL)),
        ({"type": "image_url", "image_url": PNG_URL}, ImagePart(PNG_URL)),
        (
            {"type": "image_url", "image_url": {"url": "https://x.test/1", "detail": "low"}},
            ImagePart("https://x.test/1"),
        ),
        ({"type": "input_image", "image_url": PNG_URL}, ImagePart(PNG_URL)),
        (
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
            AudioPart("data:audio/mpeg;base64,AAAA"),
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
            AudioPart("data:audio/wav;base64,AAAA"),
        ),
        (
            {"type": "file", "file": {"file_data": PNG_URL, "filename": "px.png"}},
            IMAGE,
        ),
        (
            {"type": "input_file", "file_data": "JVBERi0=", "filename": "a.pdf"},
            FilePart("data:application/pdf;base64,JVBERi0=", "a.pdf"),
        ),
        (
            {"type": "image", "source_type": "base64", "data": "iVBORw0KGgo=", "mime_type": None},
            ImagePart(PNG_URL),
        ),
        ({"type": "image", "base64": "iVBORw0KGgo=", "mime_type": "image/png"}, ImagePart(PNG_URL)),
        ({"type": "image", "url": "http://x.test/1"}, ImagePart("http://x.test/1")),
        (
            {"type": "image", "source": {"type": "base64", "data": "iVBORw0KGgo="}},
            ImagePart(PNG_URL),
        ),
        (
            {"type": "file", "mediaType": "image/png", "filename": "px.png", "url": PNG_URL},
            IMAGE,
        ),
        (ChainlitElement("note.txt", "text/plain", None, "text", content="a note"), NOTE),
        (ChainlitElement("px.png", "image/png", None, "image", content=PNG), IMAGE),
        (ChainlitElement("px.png", "", None, "image", url="https://x.test/px"), None),
        ({"name": "px.png", "type": "image/png", "content": memoryview(PNG)}, IMAGE),  # ipywidgets
    ],
)
def test_blocks_of_openai_langchain_and_others_are_read(block: Any, part: Any) -> None:
    """A content block is a part, whoever's block it is."""
    part = part or ImagePart("https://x.test/px", "px.png")
    assert normalize([block, "look"]) == [("user", (part, LOOK))]


def test_langchains_roles_are_read() -> None:
    """System, human, AI and tool messages keep their role and place; tool calls are not sent."""
    call = {"name": "f", "args": {}, "id": "1"}
    history = [
        SystemMessage("be brief"),
        HumanMessage("hi"),
        AIMessage("", tool_calls=[call]),
        ToolMessage("42", tool_call_id="1"),
        AIMessage("It is 42."),
    ]
    assert normalize("thanks", history) == [
        ("system", "be brief"),
        ("user", "hi"),
        ("tool", "42"),
        ("assistant", "It is 42."),
        ("user", "thanks"),
    ]


@pytest.mark.parametrize(
    ("role", "read"),
    [
        ("human", "user"),
        ("User", "user"),
        ("ai", "assistant"),
        ("bot", "assistant"),
        ("model", "assistant"),
        ("ASSISTANT", "assistant"),
        ("developer", "system"),
        ("tool", "tool"),
    ],
)
def test_roles_have_more_than_one_name(role: str, read: str) -> None:
    """Other libraries' names for a role are understood."""
    history = [{"role": role, "content": "x"}, Message("tool", "keeps turns apart")]
    assert normalize("q", history)[0] == (read, "x")


def test_a_tool_result_may_be_the_current_message() -> None:
    """After a call the conversation goes on with what the tool gave."""
    assert normalize(ToolMessage("42", tool_call_id="1"), [["hi", None]]) == [
        ("user", "hi"),
        ("tool", "42"),
    ]


def test_a_pair_is_a_pair_whatever_it_says() -> None:
    """Only a Message is read as role and content; a user may well say "user"."""
    assert normalize("q", [("user", "assistant")])[:2] == [
        ("user", "user"),
        ("assistant", "assistant"),
    ]
    assert normalize("q", [Message("assistant", "x")])[0] == ("assistant", "x")


@dataclass
class Other:
    """Something no UI hands over."""

    thing: int = 1


@pytest.mark.parametrize(
    ("history", "words"),
    [
        ("User", ["'User'", "Panel", "for_panel"]),
        ({"role": "user", "content": "x"}, ["{'role': 'user', 'content': 'x'}", "list"]),
        (Other(), ["Other(thing=1)", "list"]),
        (iter([]), ["iterator", "list"]),
        (["x", "y"], ["history[0] is 'x'", "expected"]),
        ([["a", "b"], 5], ["history[1] is 5", "expected"]),
        ([None], ["history[0] is None", "expected"]),
        ([["a", "b", "c"]], ["history[0]", "['a', 'b', 'c']", "not 3"]),
        ([{"text": "x"}], ["history[0] is {'text': 'x'}", "expected"]),
        ([{"role": "alien", "content": "x"}], ["history[0]", "'alien'", "'assistant'"]),
        ([{"role": None, "content": "x"}], ["history[0]", "role None"]),
        ([{"role": ["user"], "content": "x"}], ["history[0]", "is not known"]),
        ([{"role": "user"}], ["history[0] is {'role': 'user'}", "no content"]),
        ([{"role": "user", "content": 5}], ["history[0]", "5 is neither text nor a file"]),
        (
            [{"role": "user", "content": ["x", Other()]}],
            ["history[0]", "Other(thing=1)"],
        ),
        ([{"role": "user", "content": [["x"]]}], ["history[0]", "['x'] is neither"]),
        ([["a", {"type": "tool_use", "id": "1"}]], ["history[0]", "'tool_use'", "neither"]),
        ([{"role": "user", "content": {"path": ""}}], ["history[0]", "neither"]),
        ([{"role": "user", "content": "x", "attachments": [5]}], ["history[0]", "5 is neither"]),
        ([{"role": "user", "content": "x", "files": [5]}], ["history[0]", "5 is neither"]),
        ([{"role": "user", "content": "x", "images": "cat"}], ["history[0]", "not valid base64"]),
        ([{"role": "user", "content": "x", "images": ["cats"]}], ["'cats'", "is no image"]),
        ([ShinyAttachment("image/png", "a.png", PNG_URL)], ["history[0]", "expected"]),
        ([PanelMessage("x", "Bob")], ["history[0]", "'Bob'"]),
    ],
)
def test_what_cannot_be_read_is_an_error_that_shows_it(history: Any, words: list[str]) -> None:
    """The error says where the entry stands, what it is and what was expected."""
    with pytest.raises(HistoryError) as caught:
        normalize("q", history)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (None, ["None", "give a text"]),
        (5, ["the message is 5"]),
        (Other(), ["Other(thing=1)"]),
        ([MarimoMessage("user", "hi")], ["MarimoMessage(", "for_marimo"]),
        ([{"role": "user", "content": "hi"}], ["give its last message", "for_marimo"]),
        ({"model": "m", "messages": []}, ["'messages'", "its last message"]),
        (AIMessage("x"), ["'assistant'", "the user's"]),
        ({"text": "x", "files": [5]}, ["5 is neither"]),
        ({"text": 5}, ["{'text': 5}", "neither"]),
        ({"text": 5, "files": []}, ["{'text': 5, 'files': []}", "neither"]),
        ({"text": ["x"], "files": [PNG]}, ["{'text': ['x'], ", "neither"]),
        ({"txt": "x", "files": []}, ["{'txt': 'x', 'files': []}", "neither"]),
        ([{"type": "text", "txt": "x"}], ["{'type': 'text', 'txt': 'x'}", "neither"]),
    ],
)
def test_a_message_that_cannot_be_read_is_an_error(message: Any, words: list[str]) -> None:
    """The error shows the message and says what to do."""
    with pytest.raises(HistoryError) as caught:
        normalize(message, None)
    for word in words:
        assert word in str(caught.value)


def test_an_error_shows_a_large_entry_in_part() -> None:
    """Neither a long nor a deeply nested entry makes the error unreadable."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for entry in ({"role": "user", "content": 5, "x": "y" * 100_000}, ["", deep]):
        with pytest.raises(HistoryError) as caught:
            normalize("q", [entry])
        assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    "part",
    [ImagePart("/tmp/cat.png"), ImagePart(None), AudioPart("hello.wav"), FilePart("file:///etc/x")],  # type: ignore[arg-type]
)
def test_a_part_that_was_made_with_a_path_is_refused(part: Any) -> None:
    """No provider could read it, and a sound would be sent without its bytes."""
    with pytest.raises(HistoryError, match="url=.*give a data:.* pathlib.Path"):
        normalize(("Look", part))
    with pytest.raises(HistoryError, match=r"history\[0\]"):
        normalize("q", [Message("user", (part,))])
