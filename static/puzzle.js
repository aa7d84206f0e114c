// The puzzle in the image captcha's place: a piece that slides along one line through all slots, by drag, by taps on the
// track or on the picture, and by keys. Where it belongs is known to the server alone; a right try gives a proof, which goes
// into the form's captcha_id. Loaded before captcha.js, which calls it.
"use strict";

/** What an arrow key moves the piece by, in pixels of the picture. */
const STEP = 6;

/** The line of the piece: from the upper left to the right, down, to the left, and so on. */
class Line {
  constructor({ width, height, cell, rows, length }) {
    Object.assign(this, { width, height, cell, rows, length });
    this.along = width - cell;
    this.row = height / rows;
    this.columns = Math.round(width / cell);
  }

  /** The piece's upper left corner and its row at a position. */
  at(position) {
    const row = Math.min(Math.floor(position / (this.along + this.row)), this.rows - 1);
    const rest = position - row * (this.along + this.row);
    const x = Math.min(rest, this.along);
    const down = Math.max(rest - this.along, 0);
    return { x: row % 2 ? this.along - x : x, y: row * this.row + (this.row - this.cell) / 2 + down, row };
  }

  /** The position nearest to a point of the picture. */
  nearest(x, y) {
    const row = Math.min(Math.max(Math.floor(y / this.row), 0), this.rows - 1);
    const across = Math.min(Math.max(x - this.cell / 2, 0), this.along);
    return row * (this.along + this.row) + (row % 2 ? this.along - across : across);
  }

  /** The middles of all cells, in order. */
  stops() {
    const column = this.along / (this.columns - 1);
    const start = (row) => row * (this.along + this.row);
    return Array.from({ length: this.rows * this.columns }, (_, n) =>
      Math.round(start(Math.floor(n / this.columns)) + (n % this.columns) * column));
  }
}

/** Says a text in a live region, also where it says that already. */
function speak(said, text, isBad = false) {
  said.textContent = "";
  said.classList.toggle("bad", isBad);
  setTimeout(() => { said.textContent = text; }, 50);
}

/** Where the piece was, when, and how it came there: what the server reads as a trail. */
class Trail {
  constructor(reach) {
    this.shown = performance.now();
    this.reach = reach;
    this.marks = [];
  }

  add(how, position) {
    const { marks } = this;
    const [before, last] = marks.slice(-2);
    if (last && last.how === how && last.position === position) return;
    // many small steps of a key are one; of a long drag every second point does
    if (how === "k" && last?.how === "k" && before && Math.abs(before.position - position) < this.reach) marks.pop();
    if (marks.length >= 300) this.marks = marks.filter((mark, n) => mark.how !== "d" || n % 2 === 0);
    this.marks.push({ how, at: Math.round(performance.now() - this.shown), position });
  }

  toString() {
    return this.marks.map(({ how, at, position }) => `${how}${at},${position}`).join(";");
  }
}

function withPuzzle(image) {
  const { box } = image;
  const byImage = box.querySelector(".by-image");
  box.append(box.querySelector("template").content.cloneNode(true));
  const find = (selector) => box.querySelector(selector);
  const [puzzle, open, play, scene, track] = [".puzzle", ".open", ".play", ".scene", ".track"].map(find);
  const [picture, piece, thumb, solved] = [".picture", ".piece", ".thumb", ".solved"].map(find);
  const [done, again, toPuzzle] = [".done", ".again", ".to-puzzle"].map(find);
  const said = puzzle.querySelector("[role=status]");
  const error = box.querySelector(".error");
  let drawn = null;
  let timer = 0;

  const say = (text, isBad) => speak(said, text, isBad);

  const post = (path, fields) =>
    fetch(path, { method: "POST", body: new URLSearchParams(fields), headers: { Accept: "application/json" } });

  /** One of: the button, the puzzle, or that it is done. */
  const show = (what) => {
    for (const part of [open, play, solved]) part.hidden = part !== what;
    // it says the same, to those who listen
    said.classList.toggle("unseen", what === solved);
    clearTimeout(timer);
    if (what !== solved) image.settle(image.id);
  };

  /** The puzzle or the image; remembered until the window is closed. */
  const choose = (way) => {
    const isPuzzle = way === "puzzle";
    byImage.hidden = isPuzzle;
    puzzle.hidden = !isPuzzle;
    toPuzzle.parentElement.hidden = isPuzzle;
    if (error) (isPuzzle ? puzzle : byImage).querySelector(isPuzzle ? ".label" : ".hint").after(error);
    for (const link of document.querySelectorAll("a[href='#captcha_answer'], a[href='#puzzle-open']"))
      link.hash = isPuzzle ? "puzzle-open" : "captcha_answer";
    show(open);
    try { sessionStorage.setItem("captcha", way); } catch { /* not remembered */ }
  };

  const place = (position) => {
    const { line } = drawn;
    drawn.position = Math.round(Math.min(Math.max(position, 0), line.length));
    const { x, y, row } = line.at(drawn.position);
    piece.style.left = `${(x / line.width) * 100}%`;
    piece.style.top = `${(y / line.height) * 100}%`;
    thumb.style.left = `calc((100% - 44px) * ${drawn.position / line.length})`;
    thumb.setAttribute("aria-valuenow", drawn.position);
    const column = Math.round((x / line.along) * (line.columns - 1)) + 1;
    thumb.setAttribute("aria-valuetext", said.dataset.place.replace("{row}", row + 1).replace("{column}", column));
  };

  const move = (how, position) => {
    place(position);
    drawn.trail.add(how, drawn.position);
  };

  async function load(words, isBad = false) {
    open.disabled = again.disabled = done.disabled = true;
    try {
      const reply = await post("/captcha", {
        kind: "puzzle", form: box.dataset.form, bureau: box.dataset.bureau, captcha_id: drawn?.id ?? image.id,
      });
      if (!reply.ok) throw new Error(reply.status);
      const fresh = await reply.json();
      const line = new Line(fresh);
      const sheet = new Image();
      sheet.src = fresh.image;
      await sheet.decode();
      Object.assign(picture, { width: line.width, height: line.height });
      Object.assign(piece, { width: line.cell, height: line.cell });
      picture.getContext("2d").drawImage(sheet, 0, 0);
      piece.getContext("2d").drawImage(sheet, 0, -line.height);
      piece.style.width = `${(line.cell / line.width) * 100}%`;
      thumb.setAttribute("aria-valuemax", line.length);
      drawn = { id: fresh.captcha_id, line, trail: new Trail(line.row), position: 0 };
      scene.dataset.id = drawn.id;
      place(0);
      show(play);
      say(words, isBad);
      thumb.focus();
    } catch {
      say(said.dataset.failed, true);
    } finally {
      open.disabled = again.disabled = done.disabled = false;
    }
  }

  async function finish() {
    if (!drawn.trail.marks.length) return say(said.dataset.unmoved, true);
    done.disabled = again.disabled = true;
    const { id, position, trail } = drawn;
    try {
      const reply = await post("/captcha/puzzle", { captcha_id: id, position, trail: trail.toString() });
      if (reply.status === 429) return say(said.dataset.limited, true);
      if (reply.status === 422) return await load(said.dataset[(await reply.json()).problem], true);
      if (!reply.ok) throw new Error(reply.status);
      const proof = await reply.json();
      show(solved);
      image.settle(proof.captcha_id);
      image.answer.value = "";
      say(solved.textContent);
      timer = setTimeout(() => { show(open); say(said.dataset.expired, true); }, proof.expires_in * 1000);
      box.closest("form").querySelector("button.primary").focus();
    } catch {
      say(said.dataset.failed, true);
    } finally {
      done.disabled = again.disabled = false;
    }
  }

  const keys = {
    ArrowRight: (at) => at + STEP, ArrowUp: (at) => at + STEP, ArrowLeft: (at) => at - STEP, ArrowDown: (at) => at - STEP,
    PageUp: (at, stops) => stops.find((stop) => stop > at) ?? Infinity,
    PageDown: (at, stops) => stops.findLast((stop) => stop < at) ?? 0,
    Home: () => 0, End: () => Infinity,
  };
  thumb.addEventListener("keydown", (event) => {
    if (event.key === "Enter") finish();
    else if (keys[event.key]) move("k", keys[event.key](drawn.position, drawn.line.stops()));
    else return;
    event.preventDefault();
  });

  // Mouse, pen and finger alike: a press on the track puts the piece there, and may go on as a drag.
  let grip = null;
  const along = (event) => {
    const { left, width } = track.getBoundingClientRect();
    const half = thumb.offsetWidth / 2;
    return ((event.clientX - left - half) / (width - 2 * half)) * drawn.line.length;
  };
  track.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    track.setPointerCapture(event.pointerId);
    thumb.focus({ preventScroll: true });
    grip = event.target === thumb ? drawn.position - along(event) : 0;
    if (event.target === thumb) drawn.trail.add("d", drawn.position);
    else move("t", along(event));
  });
  track.addEventListener("pointermove", (event) => { if (grip !== null) move("d", along(event) + grip); });
  for (const end of ["pointerup", "pointercancel"]) track.addEventListener(end, () => { grip = null; });
  scene.addEventListener("pointerup", (event) => {
    const { left, top, width, height } = picture.getBoundingClientRect();
    const { line } = drawn;
    const [x, y] = [((event.clientX - left) / width) * line.width, ((event.clientY - top) / height) * line.height];
    move("t", line.nearest(x, y));
    thumb.focus({ preventScroll: true });
  });

  open.addEventListener("click", () => load(said.dataset.ready));
  again.addEventListener("click", () => load(said.dataset.ready));
  done.addEventListener("click", finish);
  find(".to-image").addEventListener("click", () => { choose("image"); image.answer.focus(); });
  find(".to-sound").addEventListener("click", () => { choose("image"); image.play(); });
  toPuzzle.addEventListener("click", () => { choose("puzzle"); open.focus(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) show(open); });

  let way = null;
  try { way = sessionStorage.getItem("captcha"); } catch { /* not remembered */ }
  choose(way ?? "puzzle");
}
