"""The 31 classes of Kinetics-Sounds: those of Kinetics-400 that can be seen and heard.

Arandjelovic and Zisserman (Look, Listen and Learn, ICCV 2017) chose 34 classes of an early version of Kinetics; 31 are
left under the names of Kinetics-400. The authors of AdaMML list them in issue 3 of the repository IBM/AdaMML, in
alphabetical order, and here they stand in that order. That it is also the order of the labels in the published weights
is an assumption, to be confirmed on labeled clips.
"""

KINETICS_SOUNDS = (
    "blowing nose",
    "blowing out candles",
    "bowling",
    "chopping wood",
    "dribbling basketball",
    "laughing",
    "mowing lawn",
    "playing accordion",
    "playing bagpipes",
    "playing bass guitar",
    "playing clarinet",
    "playing drums",
    "playing guitar",
    "playing harmonica",
    "playing keyboard",
    "playing organ",
    "playing piano",
    "playing saxophone",
    "playing trombone",
    "playing trumpet",
    "playing violin",
    "playing xylophone",
    "ripping paper",
    "shoveling snow",
    "shuffling cards",
    "singing",
    "stomping grapes",
    "tap dancing",
    "tapping guitar",
    "tapping pen",
    "tickling",
)
