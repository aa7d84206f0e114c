#!/usr/bin/env python3
"""Makes src/captcha/samples/*/*/*.wav: the captcha's characters spoken by espeak-ng's own voices, three in Mandarin and two
in English (all of them together stay under 300 KB).

Run from the repository's root, with espeak-ng (Debian: apt-get install espeak-ng; made with 1.51). The files are
mono, 8 bits, 11,025 Hz: silence cut off, faded at both ends, and all equally loud.
"""
import io
import subprocess
import wave
from array import array
from pathlib import Path

ALPHABET = "24589WY"
FOLDER = Path("src/captcha/samples")
LOUDNESS = 0.16  # root mean square, of 1
# folder, voice, pitch, words a minute (a shorter sample is a smaller one)
VOICES = [
    ("mandarin/man", "cmn", 45, 115), ("mandarin/woman", "cmn+f2", 55, 115), ("mandarin/elder", "cmn+m7", 30, 115),
    ("english/man", "en-gb", 45, 125), ("english/woman", "en-gb+f2", 55, 125),
]

def spoken(character: str, voice: str, pitch: int, speed: int) -> list[float]:
    """espeak-ng's 22,050 Hz as numbers from -1 to 1."""
    run = ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", character]
    sound = wave.open(io.BytesIO(subprocess.run(run, check=True, capture_output=True).stdout))
    assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 22050)
    # to standard output espeak-ng writes a length that it does not know yet
    return [s / 32768 for s in array("h", sound.readframes(10 * 22050))]

def halved(samples: list[float]) -> list[float]:
    """Every second sample after a half-band low pass."""
    taps = [-1, 0, 9, 16, 9, 0, -1]
    padded = [0.0] * 3 + samples + [0.0] * 3
    return [sum(t * padded[i + j] for j, t in enumerate(taps)) / 32 for i in range(0, len(samples), 2)]

def trimmed(samples: list[float]) -> list[float]:
    loud = [i for i, s in enumerate(samples) if abs(s) > 0.012]
    cut = samples[max(loud[0] - 110, 0):loud[-1] + 330]
    fade = 110
    return [s * min(1, i / fade, (len(cut) - 1 - i) / fade) for i, s in enumerate(cut)]

for name, voice, pitch, speed in VOICES:
    (FOLDER / name).mkdir(parents=True, exist_ok=True)
    for character in ALPHABET:
        samples = trimmed(halved(spoken(character, voice, pitch, speed)))
        energy = (sum(s * s for s in samples) / len(samples)) ** 0.5
        gain = min(LOUDNESS / energy, 0.98 / max(abs(s) for s in samples))
        with wave.open(str(FOLDER / name / f"{character}.wav"), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(1)
            out.setframerate(11025)
            out.writeframes(bytes(round(128 + 127 * gain * s) for s in samples))
        print(f"{name} {character}: {len(samples) / 11025:.2f} s, loudness {energy * gain:.3f}")
