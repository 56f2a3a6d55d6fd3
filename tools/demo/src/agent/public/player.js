/** Leads through the messages one by one, for a projector. Without this script, they are all there, with their details closed. */
const messages = [...document.querySelectorAll(".message")];
const player = document.querySelector(".player");
let current = -1;

function show(index) {
  current = Math.max(0, Math.min(messages.length - 1, index));
  for (const [place, message] of messages.entries()) {
    const isCurrent = place === current;
    message.toggleAttribute("data-current", isCurrent);
    for (const part of message.querySelectorAll("details")) part.open = false;
    // What came out of it: the last token, else the raw text.
    const parts = [...message.querySelectorAll(".claims"), message.querySelector(".raw")];
    if (isCurrent) parts.at(parts.length > 1 ? -2 : -1).open = true;
  }
  player.querySelector("[data-place]").textContent = `${current + 1} of ${messages.length}.`;
  messages[current].focus({ preventScroll: true });
  messages[current].scrollIntoView({ block: "start" });
}

/** A call can take seconds: says so, and sends each question once. */
const questions = document.querySelector(".questions");
const setWorking = (isWorking) => {
  questions.setAttribute("aria-busy", String(isWorking));
  questions.querySelector("[role=status]").textContent = isWorking ? questions.dataset.working : "";
};
questions?.addEventListener("submit", (event) => {
  if (questions.getAttribute("aria-busy") === "true") event.preventDefault();
  else setWorking(true);
});
// The browser may show this page again as it was.
window.addEventListener("pageshow", () => questions && setWorking(false));

const moves = { first: () => 0, back: () => current - 1, next: () => current + 1 };
const keys = { ArrowRight: "next", ArrowLeft: "back", Home: "first" };

if (player) {
  player.hidden = false;
  for (const button of player.querySelectorAll("[data-play]"))
    button.addEventListener("click", () => show(moves[button.dataset.play]()));
  document.addEventListener("keydown", (event) => {
    const move = keys[event.key];
    if (!move || event.target.closest("pre") || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    show(moves[move]());
  });
}
