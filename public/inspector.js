/**
 * Live flows: the row of a flow with a new message arrives as a server-sent event, replaces the former one, and goes to the
 * top of its day. Without this script the list is static, and a link reloads it.
 */
const status = document.getElementById("live");
const pause = document.getElementById("pause");
const list = document.getElementById("flows");
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
function show(html, id) {
  last = id;
  document.getElementById("nothing")?.remove();
  const row = document.createRange().createContextualFragment(html).querySelector("li");
  const former = document.getElementById(row.id);
  row.querySelector("details").open = former?.querySelector("details").open ?? false;
  former?.remove();
  row.classList.add("new");
  rowsOf(row.dataset).prepend(row);
  const rows = list.querySelectorAll(".flow");
  for (const old of [...rows].slice(mostRows)) old.remove();
  for (const day of list.querySelectorAll("section:not(:has(.flow))")) day.remove();
}

/** The list of a day. Days are in order, the newest first. */
function rowsOf({ day, dayName }) {
  const known = document.getElementById(`d${day}`);
  if (known) return known.querySelector("ul");
  const section = document.createElement("section");
  section.id = `d${day}`;
  section.className = "stack";
  const heading = document.createElement("h2");
  const zone = document.createElement("span");
  zone.className = "muted";
  zone.textContent = "UTC";
  heading.append(`${dayName} `, zone);
  const rows = document.createElement("ul");
  rows.className = "card flows";
  section.append(heading, rows);
  const older = [...list.children].find((one) => one.id < section.id) ?? null;
  list.insertBefore(section, older);
  return rows;
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
