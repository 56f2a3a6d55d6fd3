/**
 * The story's player: the arrow keys move between steps, and what the page shows about the application renews itself.
 * Without this script, the links move, and loading the page again renews it.
 */
const player = document.querySelector(".player");
const live = ["happened", "now", "tick", "rail"];

document.addEventListener("keydown", (event) => {
  const wanted = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  const isTaken = event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;
  if (!wanted || isTaken || event.target.closest("input, textarea, select, pre, summary, [data-sequence]"))
    return;
  document.querySelector(`a[rel="${wanted}"]`)?.click();
});

let events = null;
function open() {
  events = new EventSource(player.dataset.events);
  events.addEventListener("changed", renew);
}

async function renew() {
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of live) {
    const [shown, fresh] = [document.getElementById(id), page.getElementById(id)];
    // Never replace the element that has the keyboard focus.
    if (!shown || !fresh || shown.contains(document.activeElement)) continue;
    if (fresh.innerHTML !== shown.innerHTML) shown.replaceChildren(...fresh.childNodes);
  }
}

// A hidden page does not keep a stream open. What happened in the meantime is there when it is shown again.
document.addEventListener("visibilitychange", () => {
  events?.close();
  events = null;
  if (document.hidden) return;
  void renew();
  open();
});
addEventListener("pageshow", (event) => event.persisted && void renew());
if (!document.hidden) open();
