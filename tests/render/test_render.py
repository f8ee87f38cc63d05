"""Exports: the video shows the right thing at the right second and keeps its sound; the page, the captions and the
notebook's view hold what the result says; nothing is half-written, and no name breaks anything."""

import argparse
import csv
import dataclasses
import io
import json
import re
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path

import av
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from adamml import (
    FORMS,
    Analysis,
    ExportError,
    ModelCard,
    Recognizer,
    as_webvtt,
    render_report,
    render_video,
    video_steps,
)
from adamml.cli import export
from adamml.media import probe, settings_for
from adamml.media.playback import display_frames, display_sound
from adamml.nn import AdaMML
from adamml.render.fonts import LACKING, plain
from adamml.render.overlay import STRIP_HEIGHT, WIDTH, playhead
from adamml.results.cumulative_scores import running
from adamml.results.timeline import lay_out
from adamml.weights.checkpoint import save_model
from tests.clips import number_picture as numbers
from tests.clips import read_number, tone, write_clip
from tests.inference.test_session import Chosen

CELLS = [[1, 0], [0, 1], [0, 0], [1, 1]]  # picture, sound of four segments
HOSTILE = "<img src=x onerror=alert(1)>&'\"\n$\\frac{1}{0}$ \u202e\U0001f98a\u4e2d\x07 --> {{x}}.mp4"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3 s at 10 frames per second whose frames tell their number, with a tone."""
    folder = tmp_path_factory.mktemp("render")
    return write_clip(folder / "numbered.mp4", seconds=3.0, fps=10, picture=numbers, sound=tone(3.0))


@pytest.fixture(scope="module")
def analysis(toy: Recognizer, clip: Path) -> Analysis:
    return toy.analyze(clip, Chosen(CELLS), segments=4)


@pytest.fixture(scope="module")
def sound_only(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(
        tmp_path_factory.mktemp("render") / "only.wav", picture=None, sound=tone(2.0), audio_codec="pcm_s16le"
    )


def named(analysis: Analysis, name: str) -> Analysis:
    return dataclasses.replace(analysis, clip=dataclasses.replace(analysis.clip, name=name))


def decode(path: Path) -> tuple[av.VideoStream, list[tuple[float, np.ndarray]], np.ndarray]:
    """The video's stream, its (time, pixels) and its sound, (channels, N)."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames, sound = [], [np.zeros((1, 0), np.float32)]
        for frame in container.decode():
            if isinstance(frame, av.VideoFrame):
                frames.append((float(frame.time or 0), frame.to_ndarray(format="rgb24")))
            else:
                sound.append(frame.to_ndarray()[:1])
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert stream.width % 2 == stream.height % 2 == 0
        return stream, frames, np.concatenate(sound, axis=1)


def lane(pixels: np.ndarray, top: int, share: float) -> np.ndarray:
    """A few pixels of a lane at a share of its width, left of any word, as (N, 3)."""
    strip = pixels[-STRIP_HEIGHT:]
    x = round(playhead(share, 1.0))
    return strip[top + 3 : top + 30, x - 1 : x + 2].reshape(-1, 3).astype(int)


def is_blue(area: np.ndarray) -> bool:
    return bool((area[:, 2] - area[:, 0] > 60).mean() > 0.6)


def is_orange(area: np.ndarray) -> bool:
    return bool((area[:, 0] - area[:, 2] > 60).mean() > 0.6)


def test_video_shows_the_decisions_the_playhead_and_the_right_frames(
    analysis: Analysis, clip: Path, tmp_path: Path
) -> None:
    said: list[tuple[float, str]] = []
    out = render_video(clip, analysis, tmp_path / "out.mp4", progress=lambda *step: said.append(step))
    stream, frames, sound = decode(out)
    assert stream.width == WIDTH
    assert len(frames) == 30
    assert frames[-1][0] == pytest.approx(2.9, abs=0.01)
    # Picture: every frame is the one of its moment. (AAC begins a little before 0, which counts as the clip's start.)
    track = probe(clip, settings_for("local")).video
    video_starts = track.start if track is not None else 0.0
    for time, pixels in frames[::7]:
        side = pixels.shape[0] - STRIP_HEIGHT
        left = (WIDTH - side) // 2
        crop = pixels[:side, left : left + side]
        inner = round(side * 7 / 8)
        margin = (side - inner) // 2
        begun = max(0, int((time - video_starts) * 10 + 0.05))
        assert read_number(crop[:, margin : margin + inner]) == begun
    # Lanes: solid where used, and not where skipped, whatever the second.
    for _, pixels in (frames[2], frames[-1]):
        for cell, (rgb, audio) in zip(lay_out(analysis).cells, CELLS, strict=True):
            spot = cell.left + 0.12 * (cell.right - cell.left)
            assert is_blue(lane(pixels, 72, spot)) == bool(rgb)
            assert is_orange(lane(pixels, 116, spot)) == bool(audio)
    # The playhead moves with the clip.
    for time, pixels in frames[3::6]:
        column = pixels[-STRIP_HEIGHT + 61 : -STRIP_HEIGHT + 64].mean(axis=(0, 2))  # its tip, above the lanes
        assert np.flatnonzero(column > 0.7 * column.max()).mean() == pytest.approx(
            playhead(time, lay_out(analysis).duration), abs=2
        )
    # The sound is kept, whole and loud.
    assert sound.shape[1] / 48_000 == pytest.approx(3.0, abs=0.1)
    assert np.abs(sound).max() > 0.1
    shares = [share for share, _ in said]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_the_sound_stays_where_it_was(tmp_path: Path) -> None:
    """A click at 1.5 s in 44.1 kHz mono is heard at 1.5 s in 48 kHz stereo."""
    click = np.zeros((1, 88_200), np.float32)
    click[:, 66_150:66_600] = 0.9
    path = write_clip(tmp_path / "click.wav", picture=None, sound=click, rate=44_100, audio_codec="pcm_s16le")
    pieces = np.concatenate(list(display_sound(probe(path, settings_for("local")))))
    assert pieces.shape[1] == 2
    assert np.flatnonzero(np.abs(pieces[:, 0]) > 10_000)[0] / 48_000 == pytest.approx(1.5, abs=0.002)


def test_the_answer_grows_into_the_clips_own(toy: Recognizer, clip: Path, analysis: Analysis) -> None:
    moments = running(analysis)
    assert [moment.segment for moment in moments] == [0, 1, 2, 3]
    assert moments[0].scores == pytest.approx(analysis.segments[0].scores)
    assert moments[2].scores == pytest.approx(moments[1].scores)  # nothing was run in the third segment
    assert moments[-1].scores == analysis.scores
    # The mean of logits, recovered from scores alone, is what fusion computed.
    ending = running(dataclasses.replace(analysis, segments=(*analysis.segments, again(analysis, 2))))
    assert ending[3].scores == pytest.approx(dict(analysis.scores), abs=1e-5)


def again(analysis: Analysis, index: int):
    return dataclasses.replace(analysis.segments[index], index=len(analysis.segments))


def test_sound_alone_becomes_a_card_with_its_waveform(toy: Recognizer, sound_only: Path, tmp_path: Path) -> None:
    analysis = toy.analyze(sound_only, "audio", segments=2)
    _, frames, sound = decode(render_video(sound_only, analysis, tmp_path / "out.mp4"))
    first, last = frames[0][1], frames[-1][1]
    assert (last[:-STRIP_HEIGHT].astype(int) - first[:-STRIP_HEIGHT]).clip(0).mean() > 2  # more of it is lit at the end
    assert sound.shape[1] / 48_000 == pytest.approx(2.0, abs=0.1)
    assert not is_blue(lane(last, 72, 0.3))


@pytest.mark.parametrize("size", [(50, 202), (322, 46)])
def test_other_shapes_fit_and_have_even_sides(size: tuple[int, int], toy: Recognizer, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "in.mp4", seconds=1.2, fps=10, size=size)
    stream, frames, sound = decode(render_video(path, toy.analyze(path, "rgb", segments=2), tmp_path / "out.mp4"))
    assert stream.width == WIDTH
    assert sound.shape[1] == 0
    info = probe(path, settings_for("local"))
    shown = next(display_frames(info, fps=10, box=(401, 301))).pixels
    assert shown.shape[0] % 2 == shown.shape[1] % 2 == 0
    assert shown.shape[1] / shown.shape[0] == pytest.approx(size[0] / size[1], rel=0.05)
    assert max(shown.shape[1] / 401, shown.shape[0] / 301) > 0.97
    assert len(frames) == 12


def test_cancelling_leaves_no_file(analysis: Analysis, clip: Path, tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    def stop(share: float, message: str) -> None:
        if share > 0.4:
            raise StopError

    with pytest.raises(StopError):
        render_video(clip, analysis, tmp_path / "out.mp4", progress=stop)
    steps = video_steps(clip, analysis, tmp_path / "out.mp4")
    while next(steps).share < 0.4:
        pass
    steps.close()
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_said_and_leaves_the_clip_alone(
    analysis: Analysis, clip: Path, sound_only: Path, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match="of a clip of"):
        render_video(sound_only, analysis, tmp_path / "out.mp4")
    with pytest.raises(ExportError, match="there is no folder"):
        render_video(clip, analysis, tmp_path / "none" / "out.mp4")
    with pytest.raises(ExportError, match="which is read"):
        render_video(clip, analysis, clip)
    assert list(tmp_path.iterdir()) == []
    assert clip.stat().st_size > 0


def test_text_that_cannot_be_drawn_becomes_text_that_can() -> None:
    text = plain(HOSTILE)
    assert "\n" not in text
    assert "\u202e" not in text
    assert LACKING in text
    assert plain("Klavier für Elise – Пьеса.mp4") == "Klavier für Elise – Пьеса.mp4"
    assert len(plain("x" * 5000)) == 120


def test_report_is_one_png_page_with_something_in_every_panel(
    analysis: Analysis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures: list[Figure] = []
    made = Figure.__init__
    monkeypatch.setattr(Figure, "__init__", lambda self, *a, **k: figures.append(self) or made(self, *a, **k))
    buffer = io.BytesIO()
    Image.new("RGB", (160, 90), (10, 200, 10)).save(buffer, "JPEG")
    told = dataclasses.replace(named(analysis, HOSTILE), notes=("A $1 note",))
    rgb = dataclasses.replace(told, policy="rgb")
    out = render_report(told, tmp_path / "report.png", thumbnails=[buffer.getvalue(), None, None], rgb=rgb)
    image = Image.open(out)
    image.load()
    assert image.format == "PNG"
    assert image.height > image.width > 1000
    axes = figures[0].axes
    assert len(axes) == 5
    assert all(panel.patches or panel.lines or panel.images for panel in axes)
    assert len([panel for panel in axes if panel.images]) == 1
    words = " ".join(text.get_text() for text in figures[0].findobj(match=lambda a: hasattr(a, "get_text")))
    for expected in (analysis.label, "billion MACs", "seconds", "A $1 note", "toy 0", "1 MAC = 2 FLOPs", "skipped"):
        assert expected in words
    assert "RGB only, looking at every segment, says the same" in " ".join(words.split())
    assert [path.name for path in tmp_path.iterdir()] == ["report.png"]


def renamed(analysis: Analysis, count: int, known: bool) -> Analysis:
    """The same with classes of forty letters, and with so many segments of one second each."""
    names = {name: f"{name} and what somebody does meanwhile or so"[:40] for name in analysis.classes}

    def scores(given):
        return None if given is None else {names[name]: score for name, score in given.items()}

    segments = []
    for index in range(count):
        was = analysis.segments[index % len(analysis.segments)]
        parts = {m: scores(each) for m, each in was.modality_scores.items()}
        told = {"scores": scores(was.scores), "modality_scores": parts, "label": names.get(was.label or "")}
        segments.append(dataclasses.replace(was, index=index, start=index, end=index + 1, **told))
    return dataclasses.replace(
        analysis,
        clip=dataclasses.replace(analysis.clip, duration=count, name=f"{'a long name ' * 12}.mp4"),
        classes=tuple(names.values()),
        label=names[analysis.label],
        scores=scores(analysis.scores),
        segments=tuple(segments),
        notes=("A note that is rather long, as notes are that name seconds. " * 3,) * 4,
        heard={f"A sound with a name {letter}": 0.5 for letter in "abcdefgh"},
        known=known,
    )


@pytest.mark.parametrize("count", [1, 2, 3, 10, 13, 25, 60])
@pytest.mark.parametrize("known", [True, False])
def test_nothing_in_the_report_is_written_over_anything_else(
    analysis: Analysis, count: int, known: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures: list[Figure] = []
    made = Figure.__init__
    monkeypatch.setattr(Figure, "__init__", lambda self, *a, **k: figures.append(self) or made(self, *a, **k))
    told = renamed(analysis, count, known)
    rgb = dataclasses.replace(told, policy="rgb", label=told.ranked()[-1][0], scores=dict.fromkeys(told.classes, 0.25))
    render_report(told, tmp_path / "report.png", rgb=rgb)
    (figure,) = figures
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
    wide, high = figure.bbox.width, figure.bbox.height
    assert [name for name, b in boxes if min(b.x0, b.y0) < 0 or b.x1 > wide or b.y1 > high] == []
    over = [
        (name, other)
        for (name, a), (other, b) in combinations(boxes, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1
    ]
    assert over == []
    lanes = figure.axes[1]
    answers = [text.get_window_extent() for text in lanes.texts if "sea" in text.get_text() or "–" in text.get_text()]
    assert all(box.y0 > lanes.bbox.y0 for box in answers)  # they stand above the axis


class Reader(HTMLParser):
    """Collects the tags, the attributes and the table of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.rows: list[list[str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "tr":
            self.rows.append([])

    def handle_data(self, data: str) -> None:
        if self.rows:
            self.rows[-1].append(data)


def test_notebook_view_is_escaped_and_holds_every_segment(analysis: Analysis) -> None:
    html = dataclasses.replace(named(analysis, HOSTILE), notes=("<script>alert(2)</script>",))._repr_html_()
    page = Reader(html)
    assert not page.tags & {"img", "script", "link", "style", "iframe"}
    assert page.attributes <= {"style", "title", "scope", "open"}
    assert "http" not in html
    assert "&lt;img src=x" in html
    assert [row[0] for row in page.rows] == ["segment", "1", "2", "3", "4"]
    for row, segment, (rgb, audio) in zip(page.rows[1:], analysis.segments, CELLS, strict=True):
        assert row[3].startswith("used" if rgb else "skipped")
        assert row[4].startswith("used" if audio else "skipped")
        assert segment.label is None or segment.scores is None or segment.scores[segment.label] < 0.5
        assert row[5].startswith(f"best guess: {segment.label}" if segment.label else "not run")


def test_captions_are_webvtt_without_overlaps(analysis: Analysis) -> None:
    blocks = as_webvtt(named(analysis, HOSTILE)).rstrip("\n").split("\n\n")
    assert blocks[0] == "WEBVTT"
    assert blocks[1].startswith("NOTE\n")
    assert "-->" not in blocks[1]
    ends = 0.0
    for block, segment in zip(blocks[2:], analysis.segments, strict=True):
        _, times, text = block.split("\n")
        found = re.fullmatch(r"(\d\d):(\d\d):(\d\d\.\d{3}) --> (\d\d):(\d\d):(\d\d\.\d{3})", times)
        assert found is not None
        start, end = (int(h) * 3600 + int(m) * 60 + float(s) for h, m, s in (found.groups()[:3], found.groups()[3:]))
        assert ends <= start < end <= segment.end + 0.001
        assert start == pytest.approx(segment.start, abs=0.001)
        assert text.startswith(f"best guess: {segment.label}" if segment.label else "not run")
        ends = end


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    export.add(parser.add_subparsers())
    return parser.parse_args(["export", *arguments])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, toy_network: AdaMML, toy_card: ModelCard) -> str:
    folder = tmp_path_factory.mktemp("model") / "toy"
    save_model(folder, toy_network, toy_card)
    return str(folder)


def test_export_writes_every_form(clip: Path, model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forms = [f for form in FORMS for f in (f"--{form}", str(tmp_path / f"out.{form}"))]
    args = parsed(str(clip), "--model", model, "--policy", "audio", "--segments", "2", *forms)
    assert args.run(args) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"out.{form}" for form in FORMS)
    analysis = Analysis.from_json((tmp_path / "out.json").read_text())
    assert analysis.policy == "audio"
    assert json.loads((tmp_path / "out.json").read_text())["clip"]["name"] == "numbered.mp4"
    assert len(list(csv.reader((tmp_path / "out.csv").open()))) == 3
    assert len(decode(tmp_path / "out.mp4")[1]) == 30
    assert "out.png" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["nothing asked", "no folder", "the clip itself", "no clip", "one file twice"])
def test_export_refuses_in_one_line_before_any_work(
    kind: str, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = {
        "nothing asked": [str(clip)],
        "no folder": [str(clip), "--png", str(tmp_path / "none" / "a.png")],
        "the clip itself": [str(clip), "--mp4", str(clip)],
        "no clip": [str(tmp_path / "none.mp4"), "--json", str(tmp_path / "a.json")],
        "one file twice": [str(clip), "--json", str(tmp_path / "a"), "--csv", str(tmp_path / "a")],
    }[kind]
    args = parsed(*arguments)
    assert args.run(args) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("adamml: ")
    assert captured.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
