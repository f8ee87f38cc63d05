"""The strip below the picture of an annotated video: answer so far, lanes for picture and sound, time, legend.

Only a few things change while a clip plays: the segment under the playhead, and with it the answer so far. Each such
state is drawn once; a frame is then a copy of it with the playhead on top. (STRIP_HEIGHT, WIDTH, 3) uint8.
"""

from bisect import bisect_right
from functools import lru_cache

import numpy as np
from PIL import ImageDraw

from adamml.inputs import MODALITIES
from adamml.render.drawing import FAINT, GROUND, INK, LANE, LIGHT, MUTED, TEXT, Box, Sheet
from adamml.render.fonts import elided, font, plain
from adamml.results import wording
from adamml.results.analysis import Analysis
from adamml.results.cumulative_scores import Moment, running
from adamml.results.timeline import MISSING, SKIPPED, USED, Cell, lay_out, state

WIDTH, STRIP_HEIGHT = 960, 228
_LEFT, _RIGHT = 96, WIDTH - 14  # of the lanes
_LANE_TOP = {"rgb": 72, "audio": 116}
_LANE_HEIGHT = 38
_ANSWERS_TOP, _AXIS_TOP, _FOOT_TOP = 157, 178, 203
_FOOT_ROOM = 342  # pixels beside the legend, less what glyphs reach beyond their advance
_KNOWN_STATES = 64  # drawings kept; a clip is played forwards, so one would nearly do


class Strip:
    """Draws the strip for any moment of one clip.

    Args:
        analysis: what to show.
        peaks: (N,) from 0 to 1 over the whole clip, loudest 1; empty where there is no sound.
    """

    def __init__(self, analysis: Analysis, peaks: np.ndarray) -> None:
        self._analysis, self._peaks = analysis, peaks
        self._lanes = lay_out(analysis)
        self._moments = running(analysis)
        self._turns = [cell.turn for cell in self._lanes.cells]
        self._state = lru_cache(_KNOWN_STATES)(self._draw)

    def at(self, time: float) -> np.ndarray:
        """The strip at `time` seconds."""
        pixels = self._state(*self._where(time)).copy()
        x = round(playhead(time, self._lanes.duration))
        top, bottom = _LANE_TOP["rgb"] - 8, _AXIS_TOP + 5
        pixels[top:bottom, x - 2 : x + 3] = GROUND
        pixels[top:bottom, x - 1 : x + 2] = TEXT
        for row in range(7):  # a small triangle that points down at the lanes
            pixels[top - 7 + row, x - 6 + row : x + 7 - row] = TEXT
        return pixels

    def _where(self, time: float) -> tuple[int, int | None]:
        """How many segments had their turn, and which of them the playhead is in."""
        begun = bisect_right(self._turns, time + 1e-6)
        inside = begun > 0 and (time <= self._analysis.segments[begun - 1].end or not self._lanes.to_scale)
        return begun, begun - 1 if inside else None

    def _draw(self, begun: int, current: int | None) -> np.ndarray:
        sheet = Sheet(WIDTH, STRIP_HEIGHT)
        for modality in MODALITIES:
            self._lane(sheet, modality)
        if current is not None:
            cell = self._lanes.cells[current]
            sheet.box((*_span(cell, _LANE_TOP["rgb"] - 3)[:3], _AXIS_TOP - 1), line=TEXT, thick=2)
        moment = self._moments[begun - 1] if begun else None
        if moment is not None and moment.scores is not None and moment.label is not None:
            sheet.box((16, 54, 236, 60), fill=LANE)
            sheet.box((16, 54, 16 + 220 * moment.scores[moment.label], 60), fill=TEXT)
        _legend_marks(sheet)
        image = sheet.finished()
        self._write(ImageDraw.Draw(image), moment, current)
        return np.asarray(image)

    def _lane(self, sheet: Sheet, modality: str) -> None:
        top = _LANE_TOP[modality]
        sheet.box((_LEFT, top, _RIGHT, top + _LANE_HEIGHT), fill=LANE)
        for left, right in self._lanes.gaps if self._lanes.to_scale else ():
            dots = (_x(left), top + _LANE_HEIGHT / 2 - 1, _x(right), top + _LANE_HEIGHT / 2 + 1)
            sheet.box(dots, fill=FAINT)
        for cell in self._lanes.cells:
            draw_cell(sheet, _span(cell, top), state(cell.segment, modality), modality)
            if modality == "audio" and self._lanes.to_scale and state(cell.segment, modality) != MISSING:
                self._sound_in(sheet, cell, top)
            if cell.segment.available[modality]:
                _probability(sheet, _span(cell, top), cell.segment.probabilities[modality], modality)

    def _sound_in(self, sheet: Sheet, cell: Cell, top: float) -> None:
        first, last = int(cell.left * self._peaks.size), int(cell.right * self._peaks.size)
        left, upper, right, lower = _span(cell, top)
        used = cell.segment.decisions["audio"]
        color = LIGHT["audio"] if used else FAINT
        sheet.wave((left + 2, upper + 3, right - 2, lower - 7), self._peaks[first:last], color)

    def _write(self, draw: ImageDraw.ImageDraw, moment: Moment | None, current: int | None) -> None:
        reached = self._write_answer(draw, moment)
        self._write_segment(draw, current, reached)
        for modality in MODALITIES:
            middle = _LANE_TOP[modality] + _LANE_HEIGHT / 2
            draw.text((16, middle), wording.NOUN[modality].capitalize(), TEXT, font(16), "lm")
        draw.text((16, _ANSWERS_TOP + 8), "Says", MUTED, font(14), "lm")
        for cell in self._lanes.cells:
            self._write_cell(draw, cell)
        for tick in self._lanes.ticks:
            x = _LEFT + (_RIGHT - _LEFT) * tick / self._lanes.duration
            draw.line([(x, _AXIS_TOP), (x, _AXIS_TOP + 4)], MUTED)
            anchor = "ra" if x > _RIGHT - 12 else "ma"
            draw.text((x, _AXIS_TOP + 5), f"{wording.seconds(tick)} s", MUTED, font(12), anchor)
        _legend_words(draw)
        # A long name is cut, never what stands beside it.
        who = f"  ·  {wording.policy(self._analysis.policy)}"
        scale = "" if self._lanes.to_scale else "cells not to scale  ·  "
        room = _FOOT_ROOM - font(13).getlength(scale + who)
        about = scale + elided(plain(self._analysis.clip.name, 60), font(13), room) + who
        draw.text((_RIGHT, _FOOT_TOP + 8), about, MUTED, font(13), "rm")

    def _write_answer(self, draw: ImageDraw.ImageDraw, moment: Moment | None) -> float:
        """The answer so far, or that it is none of the classes; returns how far to the right that reaches."""
        whole = moment is not None and moment.segment == len(self._moments) - 1
        draw.text((16, 6), "Answer" if whole else "Answer so far", MUTED, font(13))
        if moment is None or moment.scores is None or moment.label is None:
            draw.text((16, 22), "nothing run yet", MUTED, font(22))
            return 16 + font(22).getlength("nothing run yet")
        analysis = self._analysis
        kind = wording.noun(analysis.classes)
        said, sure = wording.headline(moment.label, moment.scores[moment.label], analysis.known, kind)
        large = font(24 if analysis.known else 16, bold=True)
        name = elided(plain(said), large, 350)
        draw.text((16, 42), name, TEXT, large, "ls")
        left = 28 + large.getlength(name)
        sure = elided(plain(sure), font(18), 300)
        draw.text((left, 25), sure, TEXT, font(18))
        return left + font(18).getlength(sure)

    def _write_segment(self, draw: ImageDraw.ImageDraw, current: int | None, reached: float) -> None:
        """What was done where the playhead is, to the right of what ends at `reached`."""
        if current is None:
            draw.text((_RIGHT, 6), "Between segments", MUTED, font(13), "ra")
            draw.text((_RIGHT, 25), "not examined", MUTED, font(18), "ra")
            return
        segment = self._analysis.segments[current]
        count = len(self._analysis.segments)
        draw.text((_RIGHT, 6), f"Segment {current + 1} of {count}", MUTED, font(13), "ra")
        said = f"{wording.how(segment)}:  {plain(wording.answer(segment, known=self._analysis.known))}"
        draw.text((_RIGHT, 25), elided(said, font(18), min(480, _RIGHT - 24 - reached)), TEXT, font(18), "ra")
        if segment.heard:
            heard = elided(f"heard: {plain(wording.heard(segment.heard, 3))}", font(12), 480)
            draw.text((_RIGHT, 46), heard, MUTED, font(12), "ra")

    def _write_cell(self, draw: ImageDraw.ImageDraw, cell: Cell) -> None:
        for modality in MODALITIES:
            left, top, right, bottom = _span(cell, _LANE_TOP[modality])
            kind = state(cell.segment, modality)
            text = {USED: "used", SKIPPED: "skipped", MISSING: f"no {wording.NOUN[modality]}"}[kind]
            size = 14 if kind == USED else 12
            if font(size, bold=kind == USED).getlength(text) > right - left - 8:
                text = "✓" if kind == USED else ""
            if text and font(size).getlength(text) <= right - left - 2:
                ink, edge = (TEXT, INK[modality]) if kind == USED else (MUTED, LANE)
                middle = ((left + right) / 2, (top + bottom) / 2 - 2)
                draw.text(middle, text, ink, font(size, bold=kind == USED), "mm", stroke_width=3, stroke_fill=edge)
        self._write_said(draw, cell)

    def _write_said(self, draw: ImageDraw.ImageDraw, cell: Cell) -> None:
        label = cell.segment.label
        room = (_RIGHT - _LEFT) * cell.room - 4
        text = elided(plain(wording.label(label)), font(13), room) if label else "–"
        if len(text) >= min(4, len(label or "")) and room > 12:
            middle = min(_x((cell.left + cell.right) / 2), _RIGHT - font(13).getlength(text) / 2)
            draw.text(
                (middle, _ANSWERS_TOP + 8), text, TEXT if label == self._analysis.label else MUTED, font(13), "mm"
            )


def playhead(time: float, duration: float) -> float:
    """Where `time` seconds are, in pixels from the left."""
    return _LEFT + (_RIGHT - _LEFT) * min(max(time / duration, 0.0), 1.0)


def draw_cell(sheet: Sheet, box: Box, kind: str, modality: str) -> None:
    """One cell: solid when used, dashed with a slash when skipped, hatched when missing."""
    left, top, right, bottom = box
    if kind == USED:
        sheet.box(box, fill=INK[modality], line=LIGHT[modality], thick=1.5)
    elif kind == SKIPPED:
        sheet.dashed(box, MUTED)
        sheet.line([(left + 3, bottom - 3), (right - 3, top + 3)], MUTED, 1.2)
    else:
        sheet.hatched(box, FAINT)
        sheet.box(box, line=FAINT)


def _probability(sheet: Sheet, box: Box, probability: float | None, modality: str) -> None:
    """How much the policy wanted the cell: a bar along its bottom."""
    left, _, right, bottom = box
    if probability is not None and right - left > 8:
        sheet.box((left + 3, bottom - 6, left + 3 + (right - left - 6) * probability, bottom - 3), fill=LIGHT[modality])


_LEGEND = ((USED, "used", 16), (SKIPPED, "skipped", 88), (MISSING, "not in the clip", 182))
_WANTED = (322, "bar: how much the policy wanted it")


def _legend_marks(sheet: Sheet) -> None:
    left = _WANTED[0]
    sheet.box((left, _FOOT_TOP + 6, left + 22, _FOOT_TOP + 9), fill=LIGHT["rgb"])
    for kind, _, left in _LEGEND:
        draw_cell(sheet, (left, _FOOT_TOP + 1, left + 22, _FOOT_TOP + 15), kind, "rgb")


def _legend_words(draw: ImageDraw.ImageDraw) -> None:
    for text, left in (*((text, left) for _, text, left in _LEGEND), _WANTED[::-1]):
        draw.text((left + 28, _FOOT_TOP + 8), text, MUTED, font(13), "lm")


def _x(share: float) -> float:
    return _LEFT + (_RIGHT - _LEFT) * share


def _span(cell: Cell, top: float) -> Box:
    """A cell's box, with a little air to its neighbors where there is room."""
    left, right = _x(cell.left), _x(cell.right)
    air = 1.5 if right - left > 8 else 0
    return left + air, top, right - air, top + _LANE_HEIGHT
