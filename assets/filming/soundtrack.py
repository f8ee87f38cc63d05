"""The sound of the example clips: animal calls, instruments played from a General MIDI sound font, breeze and rain.

Sound is mono, float64, 44.1 kHz.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import butter, resample_poly, sosfilt

from .scenery import STAMPS
from .storyboard import Call, Story

SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
RATE = 44100
DRUM_KIT = -1
Wave = NDArray[np.float64]
Note = tuple[float, float, int, int]  # start and length in seconds, MIDI key, MIDI loudness


def volume(db: float) -> float:
    return float(10 ** (db / 20))


def recording(call: Call) -> Wave:
    """A call, cut, sped up or slowed a little, with soft ends; its peak is 1 dB below `call.db`."""
    wave, rate = soundfile.read(STAMPS / f"{call.sound}.ogg", always_2d=True)
    wave = wave.mean(axis=1)
    if call.span is not None:
        wave = wave[int(call.span[0] * rate) : int(call.span[1] * rate)]
    ratio = Fraction(RATE / rate / call.speed).limit_denominator(200)
    wave = resample_poly(wave, ratio.numerator, ratio.denominator)
    fade = np.minimum(1, np.minimum(np.arange(len(wave)), np.arange(len(wave))[::-1]) / (0.02 * RATE))
    return np.asarray(wave / np.abs(wave).max() * fade * volume(call.db - 1))


def air(kind: str, seconds: float, rng: np.random.Generator) -> Wave:
    """What is heard when the animal is silent, at an RMS of 1."""
    count, knots = int(seconds * RATE), int(seconds) + 2
    hiss = rng.standard_normal(count)
    gusts = np.interp(np.arange(count), np.linspace(0, count, knots), rng.uniform(0.4, 1.0, knots))
    if kind == "breeze":  # equal power in every octave from 80 Hz up; low wind alone sounds like a helicopter
        bins = np.fft.rfftfreq(count, 1 / RATE)
        wave = np.fft.irfft(np.fft.rfft(hiss) / np.sqrt(np.maximum(bins, 80.0)), count) * gusts
    elif kind == "rain":
        drops = hiss * (rng.random(count) < 0.004) * 6
        wave = sosfilt(butter(1, (900, 7000), "bandpass", fs=RATE, output="sos"), hiss * 0.4 + drops)
        wave = wave * (0.7 + 0.3 * gusts)
    else:
        raise ValueError(f"no air is called {kind!r}; there are breeze and rain")
    return np.asarray(wave / np.sqrt(np.mean(wave**2)))


def score(music: str, seconds: float, rng: np.random.Generator) -> tuple[list[Note], int]:
    """The notes of a small piece, and the General MIDI number of the instrument that plays it."""
    if music == "guitar":
        return arpeggios(seconds, rng), 24
    if music == "drums":
        return beats(seconds, rng), DRUM_KIT
    raise ValueError(f"no piece is written for {music!r}; there are guitar and drums")


def arpeggios(seconds: float, rng: np.random.Generator) -> list[Note]:
    """A minor, F, C, G, two seconds each, picked six notes a second."""
    notes: list[Note] = []
    chords = ((45, 52, 57, 60, 64), (41, 48, 53, 57, 60), (48, 52, 55, 60, 64), (43, 50, 55, 59, 62))
    for step in range(int(seconds * 6)):
        chord = chords[step // 12 % 4]
        notes.append((step / 6, 0.9, chord[(0, 2, 3, 4, 3, 2)[step % 6]], int(rng.integers(86, 112))))
        if step % 12 == 0:
            notes.append((step / 6, 1.6, chord[1], 96))
    return notes


def beats(seconds: float, rng: np.random.Generator) -> list[Note]:
    """A rock beat of kick, snare and ride cymbal, eight steps a second, with a crash at every other bar."""
    notes: list[Note] = []
    kick, snare, ride, crash = 36, 38, 51, 49  # General MIDI percussion keys
    for step in range(int(seconds * 8)):
        hits = [(kick, 115)] * (step % 8 in (0, 3, 6)) + [(snare, 118)] * (step % 8 == 4 or step % 32 in (29, 30, 31))
        hits += [(ride, int(rng.integers(70, 82)))] * (step % 2 == 0) + [(crash, 90)] * (step % 16 == 8)
        notes += [(step / 8, 0.1, key, loud) for key, loud in hits]
    return notes


def synthesize(notes: Sequence[Note], program: int, count: int) -> Wave:
    """Play notes with fluidsynth and return `count` samples."""
    channel = 9 if program == DRUM_KIT else 0  # General MIDI keeps the tenth channel for percussion
    events = [(at, bytes([0x90 | channel, key, loud])) for at, _, key, loud in notes]
    events += [(at + length, bytes([0x80 | channel, key, 0])) for at, length, key, _ in notes]
    track, last = bytes([0, 0xC0 | channel, max(program, 0)]), 0
    for at, message in sorted(events):
        tick = round(at * 960)  # 480 ticks to a quarter note, at MIDI's standard 120 quarter notes a minute
        wait, last = tick - last, tick
        track += bytes([0x80 | wait >> 14, 0x80 | wait >> 7 & 0x7F, wait & 0x7F]) + message
    track += bytes([0, 0xFF, 0x2F, 0])
    with tempfile.TemporaryDirectory() as folder:
        midi, wav = Path(folder, "score.mid"), Path(folder, "score.wav")
        midi.write_bytes(b"MThd\0\0\0\6\0\0\0\1\x01\xe0MTrk" + len(track).to_bytes(4, "big") + track)
        command = ["fluidsynth", "-n", "-i", "-q", "-r", str(RATE), "-F", str(wav), str(SOUNDFONT), str(midi)]
        subprocess.run(command, check=True, capture_output=True)
        wave = soundfile.read(wav, always_2d=True)[0].mean(axis=1)
    return np.asarray(np.pad(wave, (0, max(0, count - len(wave))))[:count])


def stretches(story: Story) -> list[tuple[float, float]]:
    """From when to when the instrument plays; beats that follow each other are one stretch."""
    found: list[tuple[float, float]] = []
    for begin, beat in zip(story.starts, story.beats, strict=True):
        if beat.plays:
            first = found.pop()[0] if found and found[-1][1] == begin else begin
            found.append((first, begin + beat.seconds))
    return found


def soundtrack(story: Story, rng: np.random.Generator) -> tuple[Wave, Wave]:
    """The whole sound, and the class sound alone (it moves the animal)."""
    count = int(story.seconds * RATE)
    voice = np.zeros(count + RATE * 4)  # calls may run over the end; it is cut off below
    for begin, beat in zip(story.starts, story.beats, strict=True):
        for call in beat.calls:
            wave, at = recording(call), int((begin + call.at) * RATE)
            voice[at : at + len(wave)] += wave
    if story.music is not None:
        notes, program = score(story.music, story.seconds, rng)
        heard = stretches(story)
        played = [note for note in notes if any(begin <= note[0] < end - 0.3 for begin, end in heard)]
        wave = synthesize(played, program, count)
        time = np.arange(count) / RATE
        fade = np.max([(begin <= time) * np.clip((end - 0.15 - time) / 0.35, 0, 1) for begin, end in heard], axis=0)
        voice[:count] += wave * fade / np.abs(wave).max() * volume(-2)  # silent before the next beat starts
    echo = np.zeros_like(voice)  # a little room, so that dry recordings sit in the scene
    for delay, db in ((0.031, -17), (0.057, -20), (0.093, -23), (0.141, -27)):
        shift = int(delay * RATE)
        echo[shift:] += voice[:-shift] * volume(db)
    voice = (voice + echo)[:count]
    mixed = voice + air(story.air, story.seconds, rng) * volume(story.air_db)
    return np.clip(mixed, -0.99, 0.99), voice
