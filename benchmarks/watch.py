"""Looks at a page from inside as often as it is drawn: which numbered word is the last one seen."""

# A word counts when its comma is there. The search goes from the end of the page to its beginning,
# into shadow roots too, and ends at the first text that has a word, so that looking costs little.
# A look is a frame of the browser's own drawing, at most so many a second; what it finds is told
# at once, because a page that cannot keep up does not answer questions for minutes.
WATCH = """(every) => {
    const last = (node) => {
        if (node.nodeType === Node.TEXT_NODE) {
            const found = node.data.slice(-200).match(/w(\\d+),(?!.*w\\d+,)/s);
            return found ? Number(found[1]) : -1;
        }
        if (["SCRIPT", "STYLE", "TEMPLATE", "TEXTAREA"].includes(node.nodeName)) return -1;
        for (const root of [node, node.shadowRoot]) {
            for (let child = root?.lastChild; child; child = child.previousSibling) {
                const found = last(child);
                if (found >= 0) return found;
            }
        }
        return -1;
    };
    let newest = -1, looked = 0;
    const look = (now) => {
        if (now - looked >= every) {
            looked = now;
            const found = last(document.body);
            if (found > newest) {
                newest = found;
                console.debug(`seen ${performance.timeOrigin + performance.now()} ${found}`);
            }
        }
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""

WORDS = """() => {
    const texts = (node) => {
        if (node.nodeType === Node.TEXT_NODE) return node.data;
        if (["SCRIPT", "STYLE", "TEMPLATE", "TEXTAREA"].includes(node.nodeName)) return "";
        const roots = node.shadowRoot ? [node.shadowRoot, node] : [node];
        return roots.flatMap((root) => [...root.childNodes].map(texts)).join("");
    };
    return [...texts(document.body).matchAll(/w(\\d+),/g)].map((found) => Number(found[1]));
}"""
