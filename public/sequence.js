/**
 * The page of a flow: shows the message of a step without loading the page anew, moves with the arrow keys or j and k, and
 * plays the steps one after the other. Without this script each step is a link to the same page with its message.
 */
const picture = document.querySelector("[data-sequence]");
const player = document.querySelector("[data-player]");
const play = player.querySelector("[data-play]");
const steps = [...picture.querySelectorAll("a.sequence-step")];
/** Long enough to read a step aloud. */
const stepMs = 3_000;
const pages = new Map();
let timer = null;

const current = () => steps.findIndex((step) => step.getAttribute("aria-current") === "true");

/** The section with the message of a step, as the server renders it. */
function sectionOf(step) {
  const section =
    pages.get(step.href) ??
    fetch(step.href, { headers: { accept: "text/html" } }).then(async (answer) => {
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      return document.adoptNode(page.getElementById("message"));
    });
  pages.set(step.href, section);
  return section;
}

function select(index) {
  const step = steps[index];
  if (!step) return;
  for (const one of steps) one.removeAttribute("aria-current");
  step.setAttribute("aria-current", "true");
  step.scrollIntoView({ block: "nearest" });
  sectionOf(step)
    .then((section) => {
      // A later choice may have been faster.
      if (current() !== index) return;
      document.getElementById("message").replaceWith(section);
      history.replaceState(null, "", step.href);
    })
    // Signed out, or offline: the page itself says so.
    .catch(() => location.assign(step.href));
}

function pause() {
  clearTimeout(timer);
  timer = null;
  show(false);
}

function show(isPlaying) {
  picture.classList.toggle("playing", isPlaying);
  play.setAttribute("aria-pressed", String(isPlaying));
  for (const part of play.querySelectorAll("[data-when]"))
    part.hidden = (part.dataset.when === "playing") !== isPlaying;
}

/** Shows a step, and the next one after a while. The last one stays. */
function playFrom(index) {
  show(true);
  timer = setTimeout(() => {
    if (index + 1 < steps.length) playFrom(index + 1);
    else pause();
  }, stepMs);
  select(index);
}

function move(by) {
  pause();
  const index = Math.min(steps.length - 1, Math.max(0, current() + by));
  if (steps.includes(document.activeElement)) steps[index].focus();
  select(index);
}

for (const [index, step] of steps.entries()) {
  step.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    pause();
    select(index);
  });
}
for (const button of player.querySelectorAll("[data-move]"))
  button.addEventListener("click", () => move(Number(button.dataset.move)));
play.addEventListener("click", () => {
  if (timer) pause();
  else playFrom(current() + 1 < steps.length ? Math.max(0, current()) : 0);
});

const moves = { ArrowLeft: -1, k: -1, ArrowRight: 1, j: 1 };
document.addEventListener("keydown", (event) => {
  const by = moves[event.key];
  if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea, pre, [contenteditable]")) return;
  event.preventDefault();
  move(by);
});
player.hidden = false;
