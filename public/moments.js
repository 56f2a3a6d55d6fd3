/** Writes times in the reader's zone, with the words of src/web/moments.ts, and keeps "3 min ago" true. Rows may arrive later. */
const format = (options) => new Intl.DateTimeFormat("en-GB", options);
const clock = format({ hour: "2-digit", minute: "2-digit" });
const date = format({ day: "numeric", month: "short", year: "numeric" });
const minute = format({ dateStyle: "medium", timeStyle: "short" });
const second = format({ dateStyle: "medium", timeStyle: "long" });
const weekday = format({ weekday: "long", day: "numeric", month: "long" });
/** In UTC the text of the server stays, so that nothing moves. */
const zone = new Date().getTimezoneOffset() === 0 ? " UTC" : "";
const midnight = (at) => new Date(at).setHours(0, 0, 0, 0);
const daysBetween = (at, now) => Math.round((midnight(at) - midnight(now)) / 86_400_000);

function words(at, style, now) {
  if (style === "exact") return minute.format(at) + zone;
  const minutes = Math.floor(Math.abs(now - at) / 60_000);
  const gap = (count, unit) => (at > now ? `in ${count} ${unit}` : `${count} ${unit} ago`);
  if (minutes < 1) return at > now ? "in a moment" : "just now";
  if (minutes < 60) return gap(minutes, "min");
  if (style === "clock") return clock.format(at);
  const days = daysBetween(at, now);
  if (days === 0) return gap(Math.floor(minutes / 60), "h");
  if (days > 1 && days <= 60) return gap(days, "days");
  if (Math.abs(days) === 1) return `${days < 0 ? "yesterday" : "tomorrow"} ${clock.format(at)}`;
  return date.format(at);
}

/** The days of a list begin at the reader's midnight: moves the headings between its rows. */
function regroup(list, now) {
  const headings = [...list.querySelectorAll(":scope > [data-day]")];
  for (const heading of headings.slice(1)) heading.remove();
  let [current] = headings;
  let last = Number.NaN;
  for (const row of [...list.children].filter((child) => child !== current)) {
    const at = Date.parse(row.querySelector("time")?.dateTime ?? "");
    if (Number.isNaN(at) || midnight(at) === last) continue;
    const heading = Number.isNaN(last) ? current : current.cloneNode(true);
    const days = -daysBetween(at, now);
    heading.querySelector("[data-day-text]").textContent = ["Today", "Yesterday"][days] ?? weekday.format(at);
    row.before(heading);
    [current, last] = [heading, midnight(at)];
  }
}

function show() {
  const now = Date.now();
  for (const time of document.querySelectorAll("time[data-moment]")) {
    const at = Date.parse(time.dateTime);
    const text = words(at, time.dataset.moment, now);
    if (time.textContent !== text) time.textContent = text;
    // The server wrote UTC, which stays next to the local time.
    time.dataset.utc ??= time.title;
    time.title = `${second.format(at)}\n${time.dataset.utc}`;
  }
}

function group() {
  for (const list of document.querySelectorAll("[data-days]")) regroup(list, Date.now());
}

show();
if (new Date().getTimezoneOffset() !== 0) group();
setInterval(show, 15_000);
document.addEventListener("visibilitychange", show);
new MutationObserver((changes) => {
  const isRow = (node) => node.nodeType === 1 && node.querySelector("time[data-moment]");
  if (changes.some(({ addedNodes }) => [...addedNodes].some(isRow))) show();
}).observe(document.body, { childList: true, subtree: true });
