"""A tab that is used for long does not grow: what belongs to one clip goes with it."""

from pathlib import Path

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.page.actions import WAIT_MS, options, upload

# Whether every chart is drawn just then makes a difference of some hundred nodes, so the most of a few analyses counts.
WARM_UP, WINDOW, BETWEEN = 1, 4, 4
# What each analysis may leave behind. Gradio's own events leave some 20 kB each on a page that does nothing else, and
# no nodes. A column of ours that Gradio hid and showed cost hundreds of nodes each time.
MOST = {"Nodes": 40, "JSEventListeners": 0.5, "Documents": 0, "JSHeapUsedSize": 200_000}


@pytest.mark.slow
def test_nodes_listeners_and_memory_stay_flat_over_many_analyses(page: Page, clip: Path) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    options(page, 2)
    found = []
    for _ in range(WARM_UP + WINDOW + BETWEEN + WINDOW):
        page.evaluate("document.querySelector('#answer .answer').dataset.before = ''")
        upload(page, clip)
        # A new result, its rivals, and its charts: then nothing is on its way any more.
        expect(page.locator("#answer .answer:not([data-before]) .answer-rgb")).to_be_visible(timeout=WAIT_MS)
        expect(page.locator("#rivals .status")).to_have_count(0, timeout=WAIT_MS)
        page.wait_for_function("""() => {
            const charts = Array.from(document.querySelectorAll("[data-figure]")).filter((e) => e.offsetParent);
            return charts.length > 1 && charts.every((chart) => "drawn" in chart.dataset);
        }""")
        found.append(measured(session))
    for name, most in MOST.items():
        first, last = (max(each[name] for each in few) for few in (found[WARM_UP:][:WINDOW], found[-WINDOW:]))
        assert (last - first) / (WINDOW + BETWEEN) <= most, (name, [each[name] for each in found])


def measured(session: CDPSession) -> dict[str, float]:
    for _ in range(3):  # what a finalizer lets go of goes with the next
        session.send("HeapProfiler.collectGarbage")
    found = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    return {name: found[name] for name in MOST}
