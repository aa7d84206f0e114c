// The image captcha without a reload: another picture on request or before this one runs out, and its sound. Where the page
// has a puzzle, puzzle.js takes over from here. Without these scripts the button posts the form and the link opens the sound.
"use strict";

/** Renew this many seconds before the end, so that a slow reader still has time to submit. */
const EARLY = 60;

for (const box of document.querySelectorAll(".captcha")) {
  const id = box.querySelector("input[name=captcha_id]");
  const answer = box.querySelector("input[name=captcha_answer]");
  const picture = box.querySelector("img");
  const sound = box.querySelector(".by-image a");
  const refresh = box.querySelector("button[name=refresh]");
  const said = box.querySelector("[role=status]");
  const player = new Audio();
  const image = { box, answer, id: id.value, play, renew, settle: (value) => { id.value = value; } };
  let due = 0;
  let timer = 0;

  const plan = (seconds) => {
    due = Date.now() + Math.max(seconds - EARLY, 5) * 1000;
    clearTimeout(timer);
    timer = setTimeout(renew, due - Date.now());
  };

  const say = (text) => speak(said, text);

  async function renew() {
    refresh.disabled = true;
    try {
      const body = new URLSearchParams({ form: box.dataset.form, bureau: box.dataset.bureau, captcha_id: image.id });
      const reply = await fetch("/captcha", { method: "POST", body, headers: { Accept: "application/json" } });
      if (!reply.ok) throw new Error(reply.status);
      const fresh = await reply.json();
      // a puzzle's proof stays in its place
      if (id.value === image.id) id.value = fresh.captcha_id;
      image.id = fresh.captcha_id;
      picture.src = fresh.image;
      sound.href = fresh.sound;
      player.pause();
      answer.value = "";
      plan(fresh.expires_in);
      say(said.dataset.renewed);
      return true;
    } catch {
      say(said.dataset.failed);
      return false;
    } finally {
      refresh.disabled = false;
    }
  }

  // too many pictures wait to be drawn: this one comes in a moment, or the button brings another
  let again = 0;
  const missed = () => {
    if (++again > 3) return say(said.dataset.failed);
    setTimeout(() => { picture.src = picture.getAttribute("src"); }, 2000 * again);
  };
  picture.addEventListener("error", missed);
  picture.addEventListener("load", () => { again = 0; });
  if (picture.complete && !picture.naturalWidth) missed();

  function play() {
    player.src = sound.href;
    player.play().catch(() => { location.href = sound.href; });
    answer.focus();
  }

  refresh.addEventListener("click", async (event) => {
    event.preventDefault();
    if (await renew()) answer.focus();
    else refresh.focus();
  });

  sound.addEventListener("click", (event) => {
    event.preventDefault();
    play();
  });

  // A sleeping or hidden page's timer comes late; a page taken back from the history may hold a used captcha.
  document.addEventListener("visibilitychange", () => { if (!document.hidden && Date.now() >= due) renew(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) renew(); });

  plan(Number(box.dataset.expiresIn));
  if (box.querySelector("template")) withPuzzle(image);
}
