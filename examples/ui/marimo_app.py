"""marimo: `marimo run marimo_app.py`. The embedded model; no key."""
# ruff: noqa: PLC0415 - the cells of a notebook import for themselves

import marimo

__generated_with = "0.25.2"
app = marimo.App()


@app.cell
def _():
    import marimo as mo

    from chatadapters import local_predict
    from chatadapters.ui import for_marimo

    predict = local_predict(
        system="Give short, clear answers in English.",
        max_tokens=256,
        additional_inputs=("temperature",),  # of the chat's settings, only this one is sent
    )
    mo.ui.chat(
        for_marimo(predict),
        prompts=["What is the capital of France?"],
        show_configuration_controls=True,
        allow_attachments=True,
        config={"temperature": 0.2},
        max_height=500,  # else the answers push the box out of the window
    )


if __name__ == "__main__":
    app.run()
