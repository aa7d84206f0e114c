#!/usr/bin/env python3
"""Recognises our captcha sounds by comparing them with recorded names: our own (the binary is public), or others.

    attack_sound.py FOLDER SAMPLES [--count N]

FOLDER is one that tests/captcha/draw.rs wrote: 0000.wav … and answers.txt. SAMPLES is a folder with X.wav or VOICE/X.wav, or
the crate `captcha`'s audio.json.
Two attacks, one answer to each sound: `wave` cross-correlates the samples themselves, at some speeds; `spectrum` compares
spectra in a Mel-like scale, stretched in time and shifted in pitch, and takes the best row of names that do not overlap.
"""
import argparse
import base64
import io
import json
import multiprocessing
import os
import wave
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import numpy as np
from scipy.signal import fftconvolve, resample

ALPHABET = "24589WY"
RATE, HOP, SIZE, BANDS = 11025, 110, 512, 40

def read(path):
    with wave.open(path if isinstance(path, io.BytesIO) else str(path)) as sound:
        raw, rate = sound.readframes(sound.getnframes()), sound.getframerate()
        samples = (np.frombuffer(raw, np.uint8).astype(float) - 128) / 128 if sound.getsampwidth() == 1 \
            else np.frombuffer(raw, np.int16) / 32768
    return samples if rate == RATE else resample(samples, int(len(samples) * RATE / rate))

EDGES = np.round(np.geomspace(5, SIZE // 2, BANDS + 2)).astype(int)

def spectrum(samples):
    """[frames, bands]: loudness by logarithm, each band's usual loudness (the noise) taken off."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, SIZE)[::HOP] * np.hanning(SIZE)
    power = np.abs(np.fft.rfft(frames)) ** 2
    bands = np.stack([power[:, a:max(b, a + 1)].mean(1) for a, b in zip(EDGES, EDGES[2:])], 1)
    return np.log(bands + 1e-3)

def names(folder):
    if folder.suffix == ".json":
        for character, sound in json.loads(folder.read_text()).items():
            if character in ALPHABET:
                yield character, read(io.BytesIO(base64.b64decode(sound)))
        return
    for path in sorted(folder.rglob("*.wav")):
        if path.stem in ALPHABET:
            yield path.stem, read(path)

def templates(folder):
    """By character: spectra and waves, each at several speeds."""
    found = []
    for character, samples in names(folder):
        padded = np.concatenate([np.zeros(SIZE // 2), samples, np.zeros(SIZE // 2)])
        for pitch in (0.84, 0.94, 1.05, 1.17):
            plain = spectrum(resample(padded, int(len(padded) / pitch)))
            for long in (1.04, 1.15, 1.27):
                rows = np.linspace(0, len(plain) - 1, int(len(plain) * pitch * long)).round().astype(int)
                shape = plain[rows] - plain[rows].mean()
                found.append((character, shape / np.linalg.norm(shape)))
    waves = [(c, resample(s, int(len(s) / speed))) for c, s in names(folder) for speed in (0.82, 0.89, 0.96, 1.03, 1.1, 1.18)]
    return found, [(c, s / np.linalg.norm(s)) for c, s in waves]

def best_row(scores, length, apart):
    """scores [characters, times] → the characters of the best `length` places that stand so far apart."""
    top, who = scores.max(0), scores.argmax(0)
    times = len(top)
    best = np.full((length + 1, times + 1), -1e9)
    best[0] = 0
    taken = np.zeros((length + 1, times + 1), bool)
    for k in range(1, length + 1):
        for t in range(1, times + 1):
            take = best[k - 1, max(t - apart, 0)] + top[t - 1]
            best[k, t] = max(take, best[k, t - 1])
            taken[k, t] = take > best[k, t - 1]
    answer, t = "", times
    for k in range(length, 0, -1):
        while not taken[k, t]:
            t -= 1
        answer = ALPHABET[who[t - 1]] + answer
        t = max(t - apart, 0)
    return answer

def by_spectrum(samples, length):
    sound = spectrum(samples)
    sound = np.maximum(sound - np.median(sound, 0), -1)
    scores = np.full((len(ALPHABET), len(sound) + 1), -1.0)
    sums, squares = (np.concatenate([[0], np.cumsum(values.sum(1))]) for values in (sound, sound ** 2))
    for character, shape in SPECTRA:
        frames = len(shape)
        if frames >= len(sound):
            continue
        # the product of each frame of the sound with each of the name, then along the diagonals
        products = np.zeros((len(sound), frames + 1))
        products[:, :frames] = sound @ shape.T
        starts = len(sound) - frames + 1
        dot = np.lib.stride_tricks.as_strided(products, (starts, frames), (products.strides[0], sum(products.strides))).sum(1)
        total, square = sums[frames:] - sums[:-frames], squares[frames:] - squares[:-frames]
        norm = np.sqrt(np.maximum(square - total ** 2 / (frames * BANDS), 1e-9))
        row = scores[ALPHABET.index(character)]
        row[:len(dot)] = np.maximum(row[:len(dot)], dot / norm * frames ** 0.25)
    return best_row(scores, length, int(0.9 * RATE / HOP))

def by_wave(samples, length):
    scores = np.zeros((len(ALPHABET), len(samples) // HOP + 1))
    for character, shape in WAVES:
        fits = np.abs(fftconvolve(samples, shape[::-1], "valid"))
        fits = np.maximum.reduceat(fits, np.arange(0, len(fits), HOP))
        row = scores[ALPHABET.index(character)]
        row[:len(fits)] = np.maximum(row[:len(fits)], fits)
    return best_row(scores, length, int(0.9 * RATE / HOP))

def one(job):
    path, length = job
    samples = read(path)
    return by_wave(samples, length), by_spectrum(samples, length)

def main():
    global SPECTRA, WAVES
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("folder", type=Path)
    options.add_argument("samples", type=Path)
    options.add_argument("--count", type=int, default=None)
    options.add_argument("--jobs", type=int, default=os.cpu_count())
    chosen = options.parse_args()
    SPECTRA, WAVES = templates(chosen.samples)
    answers = [line.split() for line in (chosen.folder / "answers.txt").read_text().splitlines()][:chosen.count]
    with multiprocessing.get_context("fork").Pool(chosen.jobs) as pool:
        given = pool.map(one, [(chosen.folder / f"{name}.wav", len(right)) for name, right in answers], chunksize=4)
    for n, attack in enumerate(("wave", "spectrum")):
        whole = sum(g[n] == right for g, (_, right) in zip(given, answers))
        parts = sum(a == b for g, (_, right) in zip(given, answers) for a, b in zip(g[n], right))
        parts /= sum(len(right) for _, right in answers)
        print(f"{attack:10} {whole:4} of {len(answers)} = {100 * whole / len(answers):5.1f} %   characters {100 * parts:5.1f} %", flush=True)

if __name__ == "__main__":
    main()
