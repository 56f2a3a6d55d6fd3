/**
 * Live messages: rows arrive as server-sent events and go to the top of the list. Without this script the list is static,
 * and a link reloads it.
 */
const status = document.getElementById("live");
const pause = document.getElementById("pause");
const list = document.getElementById("messages");
const mostRows = 200;
let events = null;
let last = null;

function open() {
  const url = new URL(status.dataset.events, location.href);
  if (last) url.searchParams.set("after", last);
  events = new EventSource(url);
  events.addEventListener("open", () => say("Live: new messages appear by themselves."));
  events.addEventListener("message", ({ data, lastEventId }) => show(JSON.parse(data), lastEventId));
  events.addEventListener("error", () => {
    // The browser reconnects by itself, unless the server refused the stream.
    if (events.readyState === EventSource.CLOSED) say("No longer live. Reload the page.");
  });
}

function close() {
  events?.close();
  events = null;
}

/** The row comes from our own server, with every value in it escaped. */
function show(row, id) {
  last = id;
  document.getElementById("nothing")?.remove();
  document.getElementById("found").hidden = false;
  list.insertAdjacentHTML("afterbegin", row);
  list.firstElementChild.classList.add("new");
  while (list.children.length > mostRows) list.lastElementChild.remove();
}

function say(text) {
  if (status.textContent !== text) status.textContent = text;
}

pause.hidden = false;
pause.addEventListener("click", () => {
  const isPaused = pause.getAttribute("aria-pressed") !== "true";
  pause.setAttribute("aria-pressed", String(isPaused));
  if (isPaused) close();
  else open();
  say(isPaused ? "Paused." : "");
});
// Pauses while the page is hidden. The next stream starts with the messages of the meantime.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) close();
  else if (!events && pause.getAttribute("aria-pressed") !== "true") open();
});
open();
