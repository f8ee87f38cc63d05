"""Programs on the page: an agent that follows the hub's agents.md to the letter, and the typed client of the docs."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "docs" / "client_example.py"
# What https://huggingface.co/spaces/OWNER/NAME/agents.md says of a Gradio Space (hub documentation, "Spaces as Agent
# Tools"), with the Space's address left open.
AGENTS_MD = """To use this application (owner/name: AdaMML Studio):
API schema: GET {url}/gradio_api/info
Call endpoint: POST {url}/gradio_api/call/v2/{endpoint} {"param_name": value, ...}
Poll result: GET {url}/gradio_api/call/{endpoint}/{event_id}
File inputs: POST {url}/gradio_api/upload -F "files=@file.ext", use as: {"path": "<returned-path>", "meta": \
{"_type": "gradio.FileData"}, "orig_name": "file.ext"}
Auth: Bearer $HF_TOKEN (https://huggingface.co/settings/tokens)
"""


class Agent:
    """Knows nothing of the page but its agents.md; sends a token with everything, as it is told to."""

    def __init__(self, url: str) -> None:
        lines = re.findall(r"^[A-Z][A-Za-z ]*: (?:GET|POST) (\S+)(?: (.*))?$", AGENTS_MD, re.M)
        (self.schema, _), (self.call, _), (self.poll, _), (self.upload, how) = lines
        self.as_file = json.loads(how.partition("use as: ")[2])
        self.url = url
        self.http = httpx.Client(headers={"Authorization": "Bearer hf_of_somebody"}, timeout=120)

    def at(self, template: str, **names: str) -> str:
        for name, value in {"url": self.url, **names}.items():
            template = template.replace(f"{{{name}}}", value)
        return template

    def endpoints(self) -> dict[str, Any]:
        return self.http.get(self.at(self.schema)).raise_for_status().json()["named_endpoints"]

    def file(self, path: Path) -> dict[str, Any]:
        with path.open("rb") as file:
            (there,) = (
                self.http.post(self.at(self.upload), files={"files": (path.name, file)}).raise_for_status().json()
            )
        return self.as_file | {"path": there, "orig_name": path.name}

    def ask(self, endpoint: str, **values: Any) -> tuple[str, Any]:
        """The last event of the answer, and its data."""
        asked = self.http.post(self.at(self.call, endpoint=endpoint), json=values).raise_for_status().json()
        told = self.http.get(self.at(self.poll, endpoint=endpoint, event_id=asked["event_id"])).raise_for_status().text
        event, data = re.findall(r"event: (\w+)\ndata: (.*)", told)[-1]
        return event, json.loads(data)


@pytest.fixture
def agent(address: str) -> Agent:
    return Agent(address)


def test_an_agent_that_follows_agents_md_gets_every_answer(agent: Agent, clip: Path) -> None:
    endpoints = agent.endpoints()
    assert set(endpoints) == {"/analyze", "/compare", "/export"}
    for name, described in endpoints.items():
        needed = {p["parameter_name"] for p in described["parameters"] if not p["parameter_has_default"]}
        assert needed == {"clip"}, f"{name} says what may be left out"
    event, (analysis,) = agent.ask("analyze", clip=agent.file(clip), policy="rgb", segments=2)
    assert event == "complete"
    assert (analysis["policy"], len(analysis["segments"])) == ("rgb", 2)
    assert analysis["clip"]["name"] == "short clip.mp4"
    event, (pair,) = agent.ask("compare", clip=agent.file(clip), left="audio", segments=2)
    assert (event, pair["left"]["policy"], pair["right"]["policy"]) == ("complete", "audio", "rgb")
    event, (made,) = agent.ask("export", clip=agent.file(clip), kind="json", segments=2)
    assert event == "complete"
    assert agent.http.get(made["url"]).raise_for_status().json()["segments"]


def test_an_agent_hears_in_a_sentence_what_was_wrong(agent: Agent, clip: Path) -> None:
    event, said = agent.ask("analyze", clip=agent.file(clip), policy="best")
    assert event == "error"
    assert "is one of adamml, " in json.dumps(said)


def test_an_agent_cannot_name_what_it_did_not_upload(agent: Agent) -> None:
    for path in ("/etc/passwd", "https://example.org/clip.mp4"):
        answer = agent.http.post(
            agent.at(agent.call, endpoint="analyze"), json={"clip": agent.as_file | {"path": path}}
        )
        assert (answer.status_code, answer.text) == (400, "Files are taken by upload only.")


def test_the_typed_client_of_the_docs_tells_and_answers(address: str, clip: Path) -> None:
    done = subprocess.run([sys.executable, EXAMPLE, clip, address], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert re.match(r"[\w ]+ \(\d+% sure\), \d+% of the compute of running everything\n", done.stdout)
    assert len(done.stdout.splitlines()) == 11
    assert done.stderr, "it says how far it is"


def test_the_typed_client_holds_its_types() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", "/dev/null", "docs/client_example.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout
