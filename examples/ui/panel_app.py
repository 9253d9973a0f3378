"""Panel: `panel serve panel_app.py`. The embedded model; no key."""

from __future__ import annotations

import panel as pn

from chatadapters import local_predict
from chatadapters.ui import for_panel

predict = local_predict(
    system="Give short, clear answers in English.",
    max_tokens=256,
    additional_inputs=("temperature",),
)

# Panel by itself runs the HTML that a model writes.
pn.pane.Markdown.param.renderer_options.default = {"html": False}
pn.extension()
temperature = pn.widgets.FloatSlider(name="Temperature", start=0, end=2, value=0.2)
chat = pn.chat.ChatInterface(
    callback=for_panel(predict, inputs=lambda: {"temperature": temperature.value}),
    callback_user="SmolLM2",
    # Panel shows its stop button beside the last of these.
    widgets=[
        pn.widgets.FileInput(name="A file"),
        pn.chat.ChatAreaInput(name="Text", placeholder="Say something"),
    ],
    active=1,
    # Panel scrolls to a message when it comes, and not while it grows. So the browser, which keeps
    # in place what one looks at, is given nothing to keep there but the end of the feed.
    message_params={"styles": {"overflow-anchor": "none"}},
    # As high as the window; Panel's own bound of the messages knows nothing of the tabs. The
    # end is a pixel too low: a browser keeps nothing in place where there is nothing to scroll.
    stylesheets=[
        ":host { height: calc(100vh - 140px) !important; }"
        ".chat-feed-log { flex: 1 1 0; min-height: 0; max-height: none; }"
        ".chat-feed-log::after { content: ''; flex: none; height: 1px; margin: auto 0 -1px; }"
    ],
)
pn.template.FastListTemplate(title="Ask SmolLM2", sidebar=[temperature], main=[chat]).servable()
