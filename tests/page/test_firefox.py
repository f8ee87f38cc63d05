"""The page in Firefox: everything else is tried in Chromium."""

from collections.abc import Iterator

import pytest

from tests.page.firefox import FIREFOX, Tab, firefox

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(FIREFOX is None, reason="Firefox is not installed (Debian: apt-get install firefox-esr)"),
]


@pytest.fixture(scope="module")
def one_tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with firefox(tmp_path_factory.mktemp("firefox")) as tab:
        tab.size(1440, 1000)
        yield tab


@pytest.fixture
def tab(one_tab: Tab, address: str) -> Iterator[Tab]:
    """The page, loaded anew, with nothing to complain about."""
    one_tab.open("about:blank")  # a page that is left while it still asks its server something says so
    one_tab.errors.clear()
    one_tab.open(address)
    one_tab.until("document.querySelector('#timeline .tl-seg')")
    yield one_tab
    assert one_tab.errors == []


def test_the_example_is_there_and_the_switch_works(tab: Tab) -> None:
    assert tab.evaluate("document.querySelector('#answer').innerText.includes('sure')")
    assert tab.evaluate("document.querySelectorAll('#timeline .tl-seg').length") == 10
    assert tab.evaluate("document.querySelector('#timeline .tl-seg').getBoundingClientRect().width") > 30
    tab.until("document.querySelectorAll('#savings .is-savings svg.main-svg .point').length >= 3")
    assert tab.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    before = tab.evaluate("document.querySelector('#timeline').innerHTML")
    tab.evaluate("document.querySelector('#way input[value=rgb]').click()")
    tab.until("document.querySelector('#answer').innerText.includes('never listened')")
    assert tab.evaluate("document.querySelector('#timeline').innerHTML") != before


def test_live_decides_here_too(tab: Tab) -> None:
    tab.evaluate("document.querySelector('[data-live]').click()")
    tab.until("document.querySelectorAll('#live-shown .lane-rgb').length >= 2")
    assert "Camera and microphone are on." in tab.evaluate("document.querySelector('#live-card').innerText")
    tab.evaluate("document.querySelector('[data-live-stop]').click()")
    assert tab.evaluate("document.querySelector('#live video').srcObject === null")
