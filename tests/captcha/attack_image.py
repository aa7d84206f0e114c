#!/usr/bin/env python3
"""Reads our captcha pictures with the programs that are sold for it, and with clean-ups that know how we draw.

    attack_image.py FOLDER [--only NAME,NAME | --all] [--count N]

FOLDER is one of tests/captcha/draw.rs's: 0000.png, 0001.png, … and answers.txt. Each attack gives one answer to each
picture, as an attacker has one try; its line tells how many were right altogether, and how many characters were. Wants
the packages of tests/captcha/requirements.txt and Debian's tesseract-ocr. Those that have never come near the others are run
with --all only (an hour or two for 500 pictures).
"""
import argparse
import multiprocessing
import os
import subprocess
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_THREAD_LIMIT", "1")

import cv2
import numpy as np
import onnxruntime
from scipy import ndimage

cv2.setNumThreads(1)

ALPHABET = "24589WY"
# what the readers' own alphabets have for ours: most of it the server takes as well, the others are what they mix up here
LIKE = {"Z": "2", "A": "4", "S": "5", "B": "8", "6": "9", "G": "9", "Q": "9", "T": "Y", "M": "W", "m": "W", "V": "Y", "v": "Y", "g": "9", "q": "9",
        "b": "9", "z": "2", "s": "5"}

# ---------------------------------------------------------------- readers: a grey picture (white paper) → an answer

class Ddddocr:
    """PyPI's ddddocr; its network gives for each column of the picture how likely each character is."""

    def __init__(self, beta):
        one_thread(onnxruntime)
        import ddddocr
        self.ocr = ddddocr.DdddOcr(show_ad=False, beta=beta)
        charset = self.ocr.get_charset()
        self.columns = [[i for i, c in enumerate(charset) if len(c) == 1 and ours(c) == ch] for ch in ALPHABET]

    def chances(self, grey):
        """[steps, 1 + 7]: of nothing, and of each of our characters."""
        found = self.ocr.classification(cv2.imencode(".png", grey)[1].tobytes(), probability=True)["probabilities"]
        found = np.asarray(found, dtype=np.float64)[:, 0, :]
        if found.min() < 0 or found.max() > 1.001:
            found = np.exp(found - found.max(1, keepdims=True))
            found /= found.sum(1, keepdims=True)
        return np.stack([found[:, 0]] + [found[:, columns].sum(1) for columns in self.columns], 1)

    def free(self, grey, length):
        """As it comes, letters folded."""
        return "".join(ours(c) or "?" for c in self.ocr.classification(cv2.imencode(".png", grey)[1].tobytes()))

    def known(self, grey, length):
        """The likeliest answer of our alphabet and of the right length (connectionist temporal classification)."""
        chances = np.log(self.chances(grey) + 1e-12)
        return likeliest(chances, length)

def one_thread(module):
    """The pool below fills the machine already."""
    plain = module.InferenceSession
    if getattr(plain, "single", False):
        return
    class Session(plain):
        single = True
        def __init__(self, *args, **kwargs):
            options = module.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            kwargs["sess_options"] = options
            super().__init__(*args, **kwargs)
    module.InferenceSession = Session

def ours(c):
    if c in LIKE:
        return LIKE[c]
    return c.upper() if c.upper() in ALPHABET else None

def likeliest(chances, length):
    steps, symbols = chances.shape
    # the best way to have said k characters, the last of them c (or a pause after it)
    score = {(0, 0, True): 0.0}
    best = {(0, 0, True): ""}
    for row in chances:
        after, said = {}, {}
        def offer(state, value, text):
            if value > after.get(state, -1e18):
                after[state], said[state] = value, text
        for (k, last, paused), value in score.items():
            text = best[k, last, paused]
            offer((k, last, True), value + row[0], text)
            if not paused:
                offer((k, last, False), value + row[last], text)
            if k < length:
                for c in range(1, symbols):
                    if paused or c != last:
                        offer((k + 1, c, False), value + row[c], text + ALPHABET[c - 1])
        score, best = after, said
    ends = [(value, best[state]) for state, value in score.items() if state[0] == length]
    return max(ends)[1] if ends else ""

class Tesseract:
    def free(self, grey, length):
        like = "".join(sorted(set(ALPHABET + "".join(LIKE) + "mwy")))
        run = ["tesseract", "-", "-", "--psm", "8", "--oem", "1", "-c", f"tessedit_char_whitelist={like}"]
        big = cv2.copyMakeBorder(cv2.resize(grey, None, fx=1.5, fy=1.5), 20, 20, 20, 20, cv2.BORDER_CONSTANT, value=255)
        out = subprocess.run(run, input=cv2.imencode(".png", big)[1].tobytes(), capture_output=True, check=True).stdout
        return "".join(ours(c) or "?" for c in out.decode().split("\n")[0].replace(" ", ""))

# ---------------------------------------------------------------- clean-ups: a colour picture → a grey one

def grey(picture):
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)

def ink(picture):
    """0 to 1: the channel that our one ink darkens most, stretched."""
    dark = 255.0 - picture.min(2)
    return dark / max(dark.max(), 1)

def as_grey(ink):
    return (255 - 255 * np.clip(ink, 0, 1)).astype(np.uint8)

def two_tone(picture):
    return as_grey(ndimage.median_filter((ink(picture) > 0.5).astype(float), 3))

def opened(picture):
    """Thin lines and dots off."""
    return as_grey(cv2.morphologyEx((ink(picture) > 0.5).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)))

def thick(picture):
    """Thin lines drawn bold."""
    return as_grey(cv2.dilate((ink(picture) > 0.5).astype(np.uint8), np.ones((2, 2), np.uint8)))

def edges(picture):
    """Only where ink and paper meet: regions of ink play no part."""
    on = (ink(picture) > 0.5).astype(np.uint8)
    return as_grey(cv2.morphologyEx(on, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)))

def smooth_edges(size):
    """The same after everything narrower than half the size was taken off, in ink and in paper."""
    def clean(picture):
        on = cv2.medianBlur((ink(picture) > 0.5).astype(np.uint8), size)
        return as_grey(cv2.morphologyEx(on, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)))
    return clean

def blurred(picture):
    return as_grey(cv2.GaussianBlur(ink(picture), (0, 0), 2.2) * 1.5)

def evened(radius):
    """Where most of the surroundings is ink, ink and paper are swapped."""
    def clean(picture):
        on = (ink(picture) > 0.5).astype(np.float32)
        around = cv2.GaussianBlur(on, (0, 0), radius)
        return as_grey(cv2.medianBlur(np.where(around > 0.5, 1 - on, on).astype(np.uint8), 3))
    return clean

def smallest(picture):
    """Regions of one colour (ink or paper) that are no larger than letters' parts are ink, the others paper."""
    on = ink(picture) > 0.5
    out = np.zeros(on.shape)
    for colour in (on, ~on):
        label, count = ndimage.label(colour)
        sizes = ndimage.sum_labels(colour, label, range(1, count + 1))
        for n, size in enumerate(sizes, 1):
            if 25 < size < 1100:
                out[label == n] = 1
    return as_grey(out)

def filled(picture):
    """Outlines filled: everything that is not joined to the edge of the picture."""
    on = ink(picture) > 0.5
    label, _ = ndimage.label(~on)
    rim = np.unique(np.concatenate([label[0], label[-1], label[:, 0], label[:, -1]]))
    return as_grey(on | ~np.isin(label, rim))

def no_lines(picture):
    """Long thin curves taken off: what an opening removes and is long."""
    on = (ink(picture) > 0.5).astype(np.uint8)
    thin = on & ~cv2.morphologyEx(on, cv2.MORPH_OPEN, np.ones((4, 4), np.uint8))
    label, count = ndimage.label(thin, np.ones((3, 3)))
    out = on.copy()
    for n, place in enumerate(ndimage.find_objects(label), 1):
        if place[1].stop - place[1].start > 30:
            out[label == n] = 0
    return as_grey(cv2.morphologyEx(out, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)))

def straightened(clean):
    """The row of letters made level: each column shifted so that its ink's middle lies on one line."""
    def inner(picture):
        on = 255.0 - clean(picture)
        height = on.shape[0]
        rows = np.arange(height)[:, None]
        weight = ndimage.gaussian_filter1d(on.sum(0), 9)
        middle = ndimage.gaussian_filter1d((on * rows).sum(0), 9) / np.maximum(weight, 1)
        out = np.zeros_like(on)
        for x, shift in enumerate(np.round(height / 2 - middle).astype(int)):
            out[:, x] = np.roll(on[:, x], shift)
        return (255 - out).astype(np.uint8)
    return inner

CLEAN = {
    "raw": grey, "two_tone": two_tone, "opened": opened, "thick": thick, "edges": edges, "edges3": smooth_edges(3), "edges5": smooth_edges(5),
    "edges7": smooth_edges(7), "edges9": smooth_edges(9), "blurred": blurred,
    "evened8": evened(8), "evened14": evened(14), "smallest": smallest, "filled": filled, "no_lines": no_lines,
    "level": straightened(two_tone), "evened_level": straightened(evened(10)), "filled_level": straightened(filled),
}

# ---------------------------------------------------------------- one character at a time

def windows(reader, grey_picture, length):
    """Reads piece by piece: as many overlapping pieces as there are characters, each at some heights, widths and turns;
    the surest reading of each counts."""
    height, width = grey_picture.shape
    step = (width - 24) / length
    answer = ""
    for n in range(length):
        middle = 12 + step * (n + 0.5)
        best = np.zeros(len(ALPHABET))
        for half in (30, 38):
            for y in (0.3, 0.5, 0.7):
                top, left = int(height * y) - half, int(middle) - half
                framed = cv2.copyMakeBorder(grey_picture, 99, 99, 99, 99, cv2.BORDER_CONSTANT, value=255)
                piece = framed[top + 99:top + 99 + 2 * half, left + 99:left + 99 + 2 * half]
                for turn in (-35, 0, 35):
                    turned = cv2.getRotationMatrix2D((half, half), turn, 1)
                    turned = cv2.warpAffine(piece, turned, (2 * half, 2 * half), borderValue=255)
                    best = np.maximum(best, reader.chances(turned)[:, 1:].max(0))
        answer += ALPHABET[int(best.argmax())]
    return answer

READERS = {}

def reader(name):
    if name not in READERS:
        READERS[name] = Tesseract() if name == "tesseract" else Ddddocr(beta=name == "ddddocr-beta")
    return READERS[name]

BEST = ("raw", "two_tone", "edges", "edges3", "edges5", "edges7", "edges9")

def attacks(every):
    for clean in CLEAN if every else BEST:
        for name in ("ddddocr", "ddddocr-beta"):
            yield f"{name}/{clean}"
            yield f"{name}+length/{clean}"
        if every or clean in BEST[:4]:
            yield f"tesseract/{clean}"
    if every:
        for clean in ("two_tone", "evened8", "evened14", "filled", "edges"):
            yield f"ddddocr-beta+windows/{clean}"

def answer(attack, path, length):
    how, clean = attack.split("/")
    cleaned = CLEAN[clean](cv2.imread(str(path)))
    name, _, way = how.partition("+")
    if way == "windows":
        return windows(reader(name), cleaned, length)
    return getattr(reader(name), {"": "free", "length": "known"}[way])(cleaned, length)

def one(job):
    attack, path, right = job
    return answer(attack, path, len(right))

def common(given, right):
    """The longest common subsequence: characters right, wherever they stand."""
    row = [0] * (len(right) + 1)
    for g in given:
        before = 0
        for n, r in enumerate(right, 1):
            before, row[n] = row[n], max(row[n], row[n - 1], before + (g == r))
    return row[-1]

def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("folder", type=Path)
    options.add_argument("--only", default="")
    options.add_argument("--all", action="store_true")
    options.add_argument("--count", type=int, default=None)
    options.add_argument("--jobs", type=int, default=os.cpu_count())
    chosen = options.parse_args()
    answers = [line.split() for line in (chosen.folder / "answers.txt").read_text().splitlines()][:chosen.count]
    wanted = [a for a in attacks(chosen.all or chosen.only) if not chosen.only or any(part in a for part in chosen.only.split(","))]
    with multiprocessing.Pool(chosen.jobs) as pool:
        for attack in wanted:
            jobs = [(attack, chosen.folder / f"{name}.png", right) for name, right in answers]
            given = pool.map(one, jobs, chunksize=10)
            whole = sum(g == r for g, (_, r) in zip(given, answers))
            parts = sum(common(g, r) for g, (_, r) in zip(given, answers)) / sum(len(r) for _, r in answers)
            print(f"{attack:34} {whole:4} of {len(answers)} = {100 * whole / len(answers):5.1f} %   characters {100 * parts:5.1f} %", flush=True)

if __name__ == "__main__":
    main()
