"""What axe-core finds wrong with a rendered page: https://github.com/dequelabs/axe-core (it comes with its package)."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# axe ranks what it finds: minor, moderate, serious, critical. Serious is where it keeps somebody from using the page.
_GRAVE = ("serious", "critical")


def faults(page: Page, ranks: tuple[str, ...] = _GRAVE) -> list[str]:
    """The page as it stands: one line for each element that breaks a rule, empty when nothing does."""
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:160]} {node['failureSummary'].splitlines()[-1].strip()[:160]}"
        for rule in found
        if rule["impact"] in ranks
        for node in rule["nodes"]
    ]
