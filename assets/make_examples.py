"""Make the example clips in assets/examples: short stories in which now the picture, now the sound tells what it is.

Every clip is one `Story`: a place, an animal or instrument, and a list of beats. A beat says for how long we see what
and hear what; everything else, from the camera to the sound, is shared code in `filming/`. Sources: the Debian packages
tuxpaint-stamps-default (photos, animal calls) and fluid-soundfont-gm (instruments), played by fluidsynth; CREDITS.md
names what is used where. The same packages and library versions give the same clips, byte for byte.

    python assets/make_examples.py                  # all clips
    python assets/make_examples.py rooster sheep    # some of them
    python assets/make_examples.py --table          # what each second shows, as Markdown
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from filming import places
from filming.camera import Film, Look, Subject
from filming.scenery import HEIGHT, WIDTH
from filming.soundtrack import RATE, Wave, soundtrack
from filming.storyboard import Beat, Call, Story
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

OUT = Path(__file__).parent / "examples"
FPS = 25

ROOSTER, HEN = "animals/birds/rooster", "animals/birds/hen"
COW, WHITE_COW = "animals/mammals/bovines/cow", "animals/mammals/bovines/cow_white"
SHEEP, RAM = "animals/mammals/bovines/sheep", "animals/mammals/bovines/ram"
LION = "animals/mammals/cats/lion"
BLACKBIRD = "animals/birds/blackbird"
GUITAR, DRUMS = "hobbies/music/string/guitar_classical", "hobbies/music/percussion/drumkit"

STORIES = (
    Story(
        name="rooster_at_dawn",
        title="Rooster at dawn",
        label="chicken",
        place=places.farmyard,
        subject=Subject(stamp=ROOSTER, height=268, feet=(322, 330), nod=5),
        beats=(
            Beat(1, "night, nothing stirs", Look(night=1)),
            Beat(2, "a rooster crows in the dark", Look(night=1), [Call(0.1, ROOSTER, db=-3), Call(0.5, HEN, db=-12)]),
            Beat(2, "the sun comes up on him, he is quiet", Look(zoom=1.03), ease=1.0),
            Beat(
                2,
                "he crows again, in full view",
                Look(zoom=1.06),
                [Call(0.1, ROOSTER), Call(0.1, HEN, db=-9, speed=1.1), Call(0.8, HEN, db=-8, span=(0.0, 1.1))],
            ),
            Beat(
                2,
                "the door shuts, they go on behind it",
                Look(zoom=1.06, cover=1),
                [Call(0.0, ROOSTER, db=-5), Call(0.4, HEN, db=-10)],
            ),
            Beat(1, "only the door", Look(zoom=1.06, cover=1)),
        ),
    ),
    Story(
        name="cow_behind_the_hedge",
        title="The cow behind the hedge",
        label="cow",
        place=places.meadow,
        subject=Subject(stamp=COW, height=222, feet=(318, 318), nod=2, steps=6),
        beats=(
            Beat(2, "a cow in the meadow, quiet", Look()),
            Beat(
                2,
                "she moos",
                Look(zoom=1.04),
                [Call(0.05, WHITE_COW, speed=1.15)],
            ),
            Beat(2, "quiet again, she wanders off to the right", Look()),
            Beat(2, "she moos behind the hedge", Look(walk=560), [Call(0.0, WHITE_COW, db=-4, speed=1.08)], ease=1.9),
            Beat(1, "empty meadow", Look(walk=560)),
            Beat(1, "a last moo", Look(walk=560), [Call(0.0, COW, db=-5)]),
        ),
    ),
    Story(
        name="sheep_in_the_fog",
        title="Sheep in the fog",
        label="sheep",
        place=places.foggy_pasture,
        subject=Subject(stamp=SHEEP, height=246, feet=(322, 322), nod=2),
        beats=(
            Beat(1, "fog, nothing to see or hear", Look(fog=1)),
            Beat(2, "bleating in the fog", Look(fog=1), [Call(0.1, RAM, db=-5), Call(1.0, RAM, speed=0.95)]),
            Beat(3, "the fog lifts: a sheep grazes", Look(zoom=1.04), ease=1.0),
            Beat(2, "it bleats", Look(zoom=1.07), [Call(0.1, SHEEP, db=-3), Call(1.15, RAM, db=-3, speed=1.04)]),
            Beat(
                2,
                "fog again, it still bleats",
                Look(zoom=1.07, fog=1),
                [Call(0.1, SHEEP, db=-6, speed=0.97), Call(1.1, RAM, db=-5)],
            ),
        ),
    ),
    Story(
        name="lion_after_dark",
        title="Lion after dark",
        label="lion",
        place=places.savanna,
        subject=Subject(stamp=LION, height=196, feet=(248, 322), nod=1.2, tint=(1.06, 1.0, 0.92)),
        beats=(
            Beat(2, "a lion rests in the evening sun, quiet", Look()),
            Beat(2, "it roars", Look(zoom=1.05, night=0.25), [Call(0.1, LION)], ease=1.5),
            Beat(1, "dusk, quiet again", Look(zoom=1.05, night=0.3)),
            Beat(2, "night: a roar in the dark", Look(zoom=1.02, night=1), [Call(0.1, LION, db=-2, speed=0.97)]),
            Beat(1, "moon and stillness", Look(night=1)),
            Beat(2, "it roars again", Look(night=1), [Call(0.1, LION, db=-4, speed=0.94)]),
        ),
    ),
    Story(
        name="blackbird_song",
        title="Blackbird's song",
        label="bird",
        place=places.branch,
        subject=Subject(stamp=BLACKBIRD, height=200, feet=(330, 284), nod=5, flip=True, shadow=0.0),
        beats=(
            Beat(2, "a blackbird on a branch, quiet", Look()),
            Beat(
                2,
                "it sings",
                Look(zoom=1.05),
                [Call(0.1, BLACKBIRD, span=(3.6, 4.4)), Call(1.1, BLACKBIRD, span=(5.0, 5.7))],
            ),
            Beat(
                2,
                "the camera wanders on, the song stays",
                Look(pan=500),
                [Call(0.1, BLACKBIRD, db=-4, span=(7.2, 7.9)), Call(1.0, BLACKBIRD, db=-4, span=(5.0, 5.7))],
                ease=0.9,
            ),
            Beat(1, "blossom in the breeze", Look(pan=500)),
            Beat(
                2,
                "it sings into the night",
                Look(pan=500, night=1),
                [Call(0.1, BLACKBIRD, db=-2, span=(3.6, 4.4)), Call(1.1, BLACKBIRD, db=-3, span=(5.0, 5.7))],
            ),
            Beat(1, "dark and still", Look(pan=500, night=1)),
        ),
    ),
    Story(
        name="guitar_by_lamplight",
        title="Guitar by lamplight",
        label="guitar",
        place=places.living_room,
        subject=Subject(stamp=GUITAR, height=322, feet=(324, 342), tilt=-7, nod=0, wall=(26, -6)),
        air="rain",
        music="guitar",
        beats=(
            Beat(2, "a guitar leans on the wall, rain outside", Look()),
            Beat(3, "someone plays", Look(zoom=1.03), plays=True, ease=2.5),
            Beat(2, "the lamp goes out, the playing goes on", Look(zoom=1.03, night=1), plays=True, ease=0.3),
            Beat(1, "dark, only rain", Look(zoom=1.03, night=1)),
            Beat(2, "the lamp is on again, no music", Look(), ease=0.3),
        ),
    ),
    Story(
        name="drums_on_stage",
        title="Drums on stage",
        label="drums",
        place=places.stage,
        subject=Subject(stamp=DRUMS, height=256, feet=(322, 326), nod=0),
        music="drums",
        beats=(
            Beat(1, "the curtain is closed", Look(cover=1)),
            Beat(2, "drums behind the curtain", Look(cover=1), plays=True),
            Beat(3, "the curtain opens: drums in the spotlight", Look(zoom=1.05), plays=True, ease=0.9),
            Beat(2, "the drummer rests", Look(), ease=1.5),
            Beat(2, "lights out, one last beat", Look(night=1), plays=True, ease=0.3),
        ),
    ),
)


def frames(story: Story, voice: Wave) -> Iterator[NDArray[np.uint8]]:
    film = Film(story.place(), story.subject, seed=len(story.name))
    level = np.sqrt(
        sosfilt(butter(1, 4, fs=RATE, output="sos"), voice**2).clip(0)
    )  # loudness of the call, it nods along
    level /= max(float(level.max()), 1e-6)
    for index in range(int(story.seconds * FPS)):
        time = index / FPS
        look, stride = story.look_at(time)
        yield film.frame(look, time, float(level[int(time * RATE)]), stride, index)


def write(story: Story, path: Path) -> None:
    mixed, voice = soundtrack(story, np.random.default_rng(len(story.name)))
    with av.open(str(path), "w", options={"movflags": "+faststart", "fflags": "+bitexact"}) as container:
        options = {"crf": "21", "preset": "medium", "g": "50", "threads": "1"}
        video = container.add_stream("libx264", rate=FPS, options=options)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        audio = container.add_stream("aac", rate=RATE, layout="mono")
        audio.bit_rate = 96_000
        for pixels in frames(story, voice):
            container.mux(video.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(video.encode(None))
        sound = av.AudioFrame.from_ndarray(mixed.astype(np.float32)[None], format="fltp", layout="mono")
        sound.sample_rate, sound.pts = RATE, 0
        container.mux(audio.encode(sound))
        container.mux(audio.encode(None))


def main() -> None:
    parser = argparse.ArgumentParser(description="make the example clips")
    parser.add_argument("names", nargs="*", help="words in the names of the wanted clips (default: all)")
    parser.add_argument("--table", action="store_true", help="print the storyboards as Markdown and stop")
    arguments = parser.parse_args()
    wanted = [s for s in STORIES if not arguments.names or any(word in s.name for word in arguments.names)]
    if not wanted:
        sys.exit(f"no clip is called that; there are {', '.join(story.name for story in STORIES)}")
    if arguments.table:
        print("\n".join(story.table() for story in wanted), end="")
        return
    OUT.mkdir(parents=True, exist_ok=True)
    for story in wanted:
        path = OUT / f"{story.name}.mp4"
        write(story, path)
        print(f"{path.name}: {story.seconds:g} s, {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
