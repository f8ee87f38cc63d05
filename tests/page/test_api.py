"""The endpoints for programs: three and no more, the command line's JSON, and one sentence for a bad argument."""

import csv
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from adamml import Analysis, Recognizer, cli
from tests.clips import write_clip
from tests.toy_app import toy_recognizer


@pytest.fixture(scope="module")
def client(address: str) -> Client:
    return Client(address, verbose=False)


def timeless(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != "seconds"}


def test_three_endpoints_are_public_and_typed(client: Client) -> None:
    named = client.view_api(return_format="dict", print_info=False)
    assert set(named["named_endpoints"]) == {"/analyze", "/compare", "/export"}
    assert named["unnamed_endpoints"] == {}
    asked = {p["parameter_name"]: p for p in named["named_endpoints"]["/analyze"]["parameters"]}
    assert list(asked) == ["clip", "policy", "segments", "spacing"]
    assert asked["clip"]["python_type"]["type"] == "filepath"
    assert "'rgb'" in asked["policy"]["python_type"]["type"]
    assert asked["segments"]["parameter_default"] == 10
    assert "adamml analyze --json" in named["named_endpoints"]["/analyze"]["description"]


def test_analyze_answers_with_the_command_lines_json(
    client: Client, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Recognizer, "load", lambda *_, **__: toy_recognizer())
    out = tmp_path / "cli.json"
    assert cli.main(["analyze", str(clip), "--segments", "4", "--json", str(out)]) == 0
    answer = client.predict(clip=handle_file(clip), segments=4, api_name="/analyze")
    assert timeless(answer) == timeless(json.loads(out.read_text()))
    assert answer["seconds"]["total"] > 0


def test_compare_answers_with_both_and_a_sentence(client: Client, clip: Path) -> None:
    both = client.predict(clip=handle_file(clip), left="audio", right="rgb", segments=3, api_name="/compare")
    assert (both["left"]["policy"], both["right"]["policy"]) == ("audio", "rgb")
    assert "less compute" in both["sentence"]
    alone = client.predict(clip=handle_file(clip), policy="rgb", segments=3, api_name="/analyze")
    assert timeless(both["right"])["segments"] == alone["segments"]


def test_a_budget_is_taken_as_on_the_command_line(client: Client, clip: Path) -> None:
    answer = client.predict(clip=handle_file(clip), policy="adamml@0.5", segments=3, api_name="/analyze")
    assert answer["policy"] == "adamml@0.50"


def test_the_name_of_before_still_answers(client: Client, clip: Path) -> None:
    answers = [client.predict(handle_file(clip), "rgb", 2, 0, api_name=name) for name in ("/analyze", "/analyse")]
    assert timeless(answers[0]) == timeless(answers[1])


def test_export_gives_each_kind_of_file(client: Client, clip: Path) -> None:
    made = {
        kind: Path(client.predict(clip=handle_file(clip), kind=kind, policy="all", segments=3, api_name="/export"))
        for kind in ("mp4", "png", "json", "csv")
    }
    assert all(path.name == f"short-clip-all.{kind}" for kind, path in made.items())
    assert b"ftyp" in made["mp4"].read_bytes()[:16]
    assert Image.open(made["png"]).format == "PNG"
    assert Analysis.from_json(made["json"].read_text()).policy == "all"
    assert len(list(csv.reader(made["csv"].open()))) == 4


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"policy": "best"}, "is one of adamml, "),
        ({"policy": ["adamml"]}, "is one of adamml, "),
        ({"policy": "rgb@0.5"}, "is one of adamml, "),
        ({"segments": 0}, "segments is a whole number"),
        ({"segments": 2.5}, "segments is a whole number"),
        ({"segments": "many"}, "segments is a whole number"),
        ({"segments": 10**6}, "segments is a whole number"),
        ({"spacing": -1}, "spacing is a number of seconds"),
        ({"clip": "/etc/passwd"}, "handle_file"),
        ({"clip": None}, "handle_file"),
    ],
)
def test_a_bad_argument_is_answered_with_a_sentence(
    arguments: dict[str, Any], says: str, client: Client, clip: Path
) -> None:
    with pytest.raises(AppError, match=says) as raised:
        client.predict(**({"clip": handle_file(clip)} | arguments), api_name="/analyze")
    assert "Traceback" not in str(raised.value)


def test_a_clip_that_is_none_is_refused_in_the_limits_words(client: Client, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"this is not a clip")
    with pytest.raises(AppError, match="not a video or sound file"):
        client.predict(clip=handle_file(broken), api_name="/analyze")
    long = write_clip(tmp_path / "long.mp4", seconds=610, fps=1, gop=700)
    with pytest.raises(AppError, match="takes up to 10"):
        client.predict(clip=handle_file(long), api_name="/compare")


def test_a_path_on_the_server_cannot_be_named(address: str, clip: Path) -> None:
    """What the client library would never send: an upload that was none."""
    forged = {"path": str(clip), "meta": {"_type": "gradio.FileData"}}
    body = json.dumps({"data": [forged, "adamml", 3, 0]}).encode()
    request = urllib.request.Request(
        f"{address}/gradio_api/call/analyze", body, headers={"Content-Type": "application/json"}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=60)
    assert refused.value.code == 400
    assert refused.value.read() == b"Files are taken by upload only."
