"""Attacks on the puzzle, written in earnest: `attack_puzzle.py FOLDER LEVEL [ATTACK …]`, where FOLDER holds NAME.png and `answers.txt`
with `NAME position` a line (`cargo run --release --example draw-puzzles -- FOLDER COUNT LEVEL`). The attacker knows this source: size,
rows, the line of the piece, where the cells are, the list of symbols. Prints for each attack how many it solved.

`slots` is what a guess among the slots comes to; nothing that looks only at their edges can do better. Nothing here has been
trained on our pictures."""

import multiprocessing
import re
import sys
from pathlib import Path

import cv2
import numpy as np

ROW, CELL, COLUMNS, WIDTH = 76, 64, 5, 320
ALONG = WIDTH - CELL
TOLERANCE, SLOTS = [24, 20, 17, 14], [12, 13, 14, 14]
REACH = 21
ROOT = Path(__file__).resolve().parents[2]


class Puzzle:
    def __init__(self, path, slots):
        sheet = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        self.height = sheet.shape[0] - CELL
        self.rows = self.height // ROW
        self.colour = sheet[:self.height, :, :3]
        self.piece_colour = sheet[self.height:, :CELL]
        self.alpha = self.piece_colour[..., 3]
        self.piece_colour = self.piece_colour[..., :3]
        self.gray = cv2.cvtColor(self.colour, cv2.COLOR_BGR2GRAY).astype(np.float32)
        self.piece = cv2.cvtColor(self.piece_colour, cv2.COLOR_BGR2GRAY).astype(np.float32)
        self.name = path.stem
        # what lies around the piece's outline tells nothing: nor does it in a slot, whose outline is the same
        outside = cv2.erode((self.alpha > 0).astype(np.uint8), np.ones((5, 5), np.uint8)) == 0
        rim = cv2.morphologyEx((self.alpha > 0).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
        plain = lambda cell: np.where(outside, np.median(cell[~outside]), cell).astype(np.float32)
        self.bare = plain(self.piece)
        steep = lambda cell: cv2.magnitude(cv2.Sobel(cell, cv2.CV_32F, 1, 0), cv2.Sobel(cell, cv2.CV_32F, 0, 1))[rim].mean()
        found = sorted(self.all_cells(), key=lambda cell: -steep(cell[1]))[:slots]
        self.found = [(at, plain(cell)) for at, cell in found]

    def cells(self):
        """(position on the line, what lies within the outline) of each slot."""
        return self.found

    def all_cells(self):
        """(position on the line, the cell's picture); the piece's own first cell aside."""
        for index in range(1, self.rows * COLUMNS):
            row, column = divmod(index, COLUMNS)
            x = column * ALONG // (COLUMNS - 1)
            y = row * ROW + (ROW - CELL) // 2
            yield self.position(x, row), self.gray[y:y + CELL, x:x + CELL]

    def position(self, x, row):
        return row * (ALONG + ROW) + (x if row % 2 == 0 else ALONG - x)

    def nearest(self, x, y):
        """The position on the line nearest to a piece whose upper left corner is at (x, y)."""
        row = min(max(round((y - (ROW - CELL) / 2) / ROW), 0), self.rows - 1)
        return self.position(min(max(x, 0), ALONG), row)


def flat(picture):
    """Without its slow changes of light, of even contrast."""
    even = picture - cv2.GaussianBlur(picture, (0, 0), 9)
    return even / (even.std() + 1e-3)


def smooth(picture):
    """Without grain."""
    return cv2.bilateralFilter(cv2.medianBlur(picture.clip(0, 255).astype(np.uint8), 3), 5, 30, 3).astype(np.float32)


def gradient(picture):
    picture = cv2.GaussianBlur(smooth(picture), (0, 0), 0.8)
    dx, dy = cv2.Sobel(picture, cv2.CV_32F, 1, 0), cv2.Sobel(picture, cv2.CV_32F, 0, 1)
    return cv2.magnitude(dx, dy)


def alike(one, other):
    one, other = one - one.mean(), other - other.mean()
    return float((one * other).sum() / (np.sqrt((one ** 2).sum() * (other ** 2).sum()) + 1e-6))


def inner(picture, half=21):
    """The middle of a cell."""
    middle = CELL // 2
    return picture[middle - half:middle + half, middle - half:middle + half]


def turned(picture, angle, scale=1.0, mirror=False):
    if mirror:
        picture = picture[:, ::-1]
    middle = (picture.shape[1] - 1) / 2, (picture.shape[0] - 1) / 2
    matrix = cv2.getRotationMatrix2D(middle, angle, scale)
    return cv2.warpAffine(np.ascontiguousarray(picture), matrix, picture.shape[::-1], flags=cv2.INTER_LINEAR,
                          borderMode=cv2.BORDER_REFLECT)


# The attacks: from a puzzle to a position.

ocr = None


def ddddocr_slide(puzzle, simple=False):
    global ocr
    if ocr is None:
        import ddddocr
        ocr = ddddocr.DdddOcr(det=False, ocr=False, show_ad=False)
    target = cv2.imencode(".png", np.dstack([puzzle.piece_colour, puzzle.alpha]))[1].tobytes()
    background = puzzle.colour.copy()
    background[:ROW, :CELL] = background[:ROW, CELL // 2:CELL // 2 + 1]
    found = ocr.slide_match(target, cv2.imencode(".png", background)[1].tobytes(), simple_target=simple)
    x, y = found["target"][:2]
    ys, xs = np.nonzero(puzzle.alpha)
    if simple:
        xs, ys = np.zeros(1), np.zeros(1)
    return puzzle.nearest(x - xs.min(), y - ys.min())


def ddddocr_simple(puzzle):
    return ddddocr_slide(puzzle, True)


def along_the_line(puzzle, picture, template, mask=None):
    """The best place for a template whose upper left corner runs along the line."""
    best = None
    for row in range(puzzle.rows):
        y = row * ROW + (ROW - CELL) // 2
        method = cv2.TM_CCOEFF_NORMED
        found = cv2.matchTemplate(picture[y - 2:y + CELL + 2], template, method, mask=mask)
        found = np.nan_to_num(found, nan=-1, posinf=-1, neginf=-1)
        if row == 0:
            found[:, :CELL // 2] = -1
        value, where = cv2.minMaxLoc(found)[1], cv2.minMaxLoc(found)[3]
        if best is None or value > best[0]:
            best = value, puzzle.position(min(where[0], ALONG), row)
    return best[1]


def canny_template(puzzle):
    canny = lambda picture: cv2.Canny(cv2.GaussianBlur(picture, (3, 3), 0).astype(np.uint8), 60, 140).astype(np.float32)
    piece = puzzle.piece.copy()
    piece[puzzle.alpha == 0] = piece[puzzle.alpha > 0].mean()
    return along_the_line(puzzle, canny(puzzle.gray), canny(piece))


def gray_template(puzzle):
    return along_the_line(puzzle, puzzle.gray, puzzle.piece, (puzzle.alpha > 0).astype(np.float32))


def inner_template(puzzle):
    """The symbol alone, as it stands, in any polarity."""
    piece = inner(flat(smooth(puzzle.bare)))
    return max(puzzle.cells(), key=lambda cell: max(
        np.abs(cv2.matchTemplate(inner(flat(smooth(cell[1])), 25), piece, cv2.TM_CCOEFF_NORMED)).max(), 0))[0]


POSES = [(angle, scale, mirror) for angle in range(-80, 81, 16) for scale in (0.85, 1.0, 1.18) for mirror in (False, True)]


def by_poses(puzzle, view, which=max):
    """The cell that some turn of the piece is most alike, seen through `view`."""
    cells = [(at, inner(view(cell), 25)) for at, cell in puzzle.cells()]
    whole = view(puzzle.bare)
    best = {at: -1 for at, _ in cells}
    for pose in POSES:
        piece = inner(turned(whole, *pose), 20)
        for at, cell in cells:
            best[at] = max(best[at], cv2.matchTemplate(cell, piece, cv2.TM_CCOEFF_NORMED).max())
    return which(best, key=best.get)


def turned_gradients(puzzle):
    return by_poses(puzzle, lambda picture: cv2.GaussianBlur(gradient(picture), (0, 0), 1.5))


def ink(picture):
    """The symbol, whichever way it is inked: how far each place is from the cell's own ground, at the symbol's scale."""
    even = smooth(picture)
    ground = np.median(inner(even, 24)[[0, 1, -1, -2]])
    return cv2.GaussianBlur(np.abs(even - ground), (0, 0), 1.5)


def turned_ink(puzzle):
    return by_poses(puzzle, ink)


def descriptor(picture):
    """Histograms of the edges' directions in the 16 squares of the cell."""
    part = cv2.GaussianBlur(smooth(picture), (0, 0), 0.8)
    dx, dy = inner(cv2.Sobel(part, cv2.CV_32F, 1, 0), 20), inner(cv2.Sobel(part, cv2.CV_32F, 0, 1), 20)
    strength, direction = cv2.magnitude(dx, dy), np.degrees(np.arctan2(dy, dx)) % 180
    bins = np.stack([np.where(np.abs((direction - at + 90) % 180 - 90) < 22.5, strength, 0) for at in range(0, 176, 22)])
    squares = bins.reshape(len(bins), 4, 10, 4, 10).sum((2, 4))
    return (squares / (np.linalg.norm(squares, axis=0) + 1)).ravel()


def turned_hog(puzzle):
    """Histograms of edge directions, over turns of the piece."""
    cells = [(at, descriptor(cell)) for at, cell in puzzle.cells()]
    pieces = [descriptor(turned(puzzle.bare, *pose)) for pose in POSES]
    return max(cells, key=lambda cell: max(alike(piece, cell[1]) for piece in pieces))[0]


def silhouette(picture):
    """The symbol cut out by a threshold, whichever side of it is less like the rim; small holes closed."""
    part = inner(cv2.GaussianBlur(smooth(picture), (0, 0), 1.0), 23).clip(0, 255).astype(np.uint8)
    _, mask = cv2.threshold(part, 0, 1, cv2.THRESH_OTSU)
    rim = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    if rim.mean() > 0.5:
        mask = 1 - mask
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    lines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return max(lines, key=cv2.contourArea) if lines else np.array([[[0, 0]], [[1, 0]], [[1, 1]]])


def moments(puzzle):
    """The silhouette's Hu moments: the same however it is turned."""
    piece = silhouette(puzzle.bare)
    return min(puzzle.cells(), key=lambda cell: cv2.matchShapes(piece, silhouette(cell[1]), cv2.CONTOURS_MATCH_I1, 0))[0]


def keypoints(puzzle):
    """SIFT's points, as many as agree."""
    sift = cv2.SIFT_create(contrastThreshold=0.02, edgeThreshold=20)
    features = lambda picture: sift.detectAndCompute(
        cv2.resize(inner(smooth(picture), 25).clip(0, 255).astype(np.uint8), None, fx=3, fy=3), None)[1]
    piece = features(puzzle.bare)

    def agreeing(cell):
        other = features(cell[1])
        if piece is None or other is None or len(other) < 2:
            return 0
        pairs = cv2.BFMatcher().knnMatch(piece, other, k=2)
        return sum(1 - pair[0].distance / (pair[1].distance + 1e-6) for pair in pairs if len(pair) == 2)

    return max(puzzle.cells(), key=agreeing)[0]


# The attacker has our symbols: each is drawn in many poses and looked for in piece and cells.

def symbols():
    """The table of `src/captcha/puzzle/symbols.rs`: (kind, round, lines), two of each kind."""
    table = (ROOT / "src/captcha/puzzle/symbols.rs").read_text().split("pub(super) const ALL")[1]
    found = re.findall(r"^        (sharp|round)\((.*?)\]\),$", table, re.S | re.M)
    assert len(found) == 32, "the table is written in another way"
    for place, (form, lines) in enumerate(found):
        points = lambda text: [(int(x), int(y)) for x, y in re.findall(r"\((-?\d+), (-?\d+)\)", text)]
        lines = [points(line) for line in re.split(r"&\[", lines) if points(line)]
        yield place // 2, form == "round", lines


def curve(line, rounded):
    if not rounded:
        return np.array(line, np.float32)
    p = np.array(line, np.float32)
    a, b, c, d = np.roll(p, 1, 0), p, np.roll(p, -1, 0), np.roll(p, -2, 0)
    steps = [b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
             for t in (0, 0.25, 0.5, 0.75)]
    return np.stack(steps, 1).reshape(-1, 2)


def drawn(side):
    """(kind, mask) of each symbol in many poses: what it covers, 0 to 255, in a square of `side` pixels."""
    for kind, rounded, lines in symbols():
        lines = [curve(line, rounded) / 100 for line in lines]
        for angle in range(-45, 46, 15):
            cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
            for stretch in (0.84, 1.0, 1.19):
                for scale in (0.78, 0.92):
                    for mirror in (1, -1):
                        matrix = np.array([[cos, -sin], [sin, cos]]) @ np.diag([stretch * mirror, 1 / stretch]) * REACH * scale
                        mask = np.zeros((4 * side, 4 * side), np.uint8)
                        polygons = [((line @ matrix.T) * 4 + 2 * side).astype(np.int32).reshape(-1, 1, 2) for line in lines]
                        cv2.fillPoly(mask, [p for p in polygons if len(p)], 255)
                        yield kind, cv2.resize(mask, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)


def directed(picture):
    """[4, height, width] at half the pixels: how strong the edges of four directions are, contrast evened out."""
    part = cv2.GaussianBlur(picture, (0, 0), 1.0)
    dx, dy = cv2.Sobel(part, cv2.CV_32F, 1, 0), cv2.Sobel(part, cv2.CV_32F, 0, 1)
    strength, twice = cv2.magnitude(dx, dy), 2 * np.arctan2(dy, dx)
    strength /= cv2.GaussianBlur(strength, (0, 0), 8) + 4
    bins = [cv2.GaussianBlur(strength * np.maximum(np.cos(twice - at * np.pi / 2), 0), (0, 0), 1.5) for at in range(4)]
    return np.stack([cv2.resize(b, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for b in bins])


def even(rows):
    rows = rows - rows.mean(-1, keepdims=True)
    return rows / (np.linalg.norm(rows, axis=-1, keepdims=True) + 1e-6)


library = None


def kinds_alike(picture):
    """How much a cell is like each kind of symbol, by the directions of edges, over turns, stretches and sizes: ink and ground may
    change places as they like."""
    global library
    side = 24
    if library is None:
        kinds, masks = zip(*drawn(2 * side))
        library = np.array(kinds), even(np.array([directed(mask).ravel() for mask in masks], np.float32))
    kinds, poses = library
    seen = directed(smooth(picture))
    corner = seen.shape[1] // 2 - side // 2
    parts = [seen[:, y:y + side, x:x + side].ravel() for y in range(corner - 2, corner + 3) for x in range(corner - 2, corner + 3)]
    like = (even(np.array(parts, np.float32)) @ poses.T).max(0)
    return np.array([like[kinds == kind].max() for kind in range(16)])


def our_symbols(puzzle):
    """The cell that is likeliest to be of the piece's kind."""
    def chances(picture):
        like = kinds_alike(picture)
        weight = np.exp(2.5 * (like - like.mean()) / (like.std() + 1e-6))
        return weight / weight.sum()
    piece = chances(puzzle.bare)
    return max(puzzle.cells(), key=lambda cell: float(piece @ chances(cell[1])))[0]


def slots(puzzle):
    """Any of the slots, by lot: what the number of slots alone leaves."""
    generator = np.random.default_rng(int(re.sub(r"\D", "", puzzle.name) or 0))
    return puzzle.cells()[generator.integers(len(puzzle.cells()))][0]


def least_alike(puzzle):
    """The slot that is least like the piece in all its turns: the right one often is, before it is painted."""
    return by_poses(puzzle, lambda picture: cv2.GaussianBlur(gradient(picture), (0, 0), 1.5), min)


ATTACKS = [slots, least_alike, ddddocr_slide, ddddocr_simple, canny_template, gray_template, inner_template, turned_gradients,
           turned_ink, turned_hog, moments, keypoints, our_symbols]


def solved(task):
    attack, path, answer, level = task
    cv2.setNumThreads(1)
    puzzle = Puzzle(path, SLOTS[level])
    return abs(globals()[attack](puzzle) - answer) <= TOLERANCE[level]


def main():
    folder, level, names = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    answers = [line.split() for line in (folder / "answers.txt").read_text().splitlines()]
    with multiprocessing.Pool() as pool:
        for attack in ATTACKS:
            if names and attack.__name__ not in names:
                continue
            tasks = [(attack.__name__, folder / f"{name}.png", int(answer), level) for name, answer in answers]
            right = sum(pool.map(solved, tasks, 8))
            what = (attack.__doc__ or "").split("\n")[0]
            print(f"{attack.__name__:17} {right:4} of {len(tasks)} = {100 * right / len(tasks):5.1f} %  {what}", flush=True)


if __name__ == "__main__":
    main()
