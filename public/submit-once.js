/**
 * Sends a form once: a second click while the browser waits for the answer would do the same again. Without this script a
 * double click sends the form twice.
 */
let sent = new WeakSet();
/** Then a person may try again, who has stopped the first request. */
const longestMs = 10_000;

document.addEventListener("submit", (event) => {
  const { target: form } = event;
  // A form that opens another tab stays usable, and a GET changes nothing.
  if (event.defaultPrevented || form.method !== "post" || form.target) return;
  if (sent.has(form)) event.preventDefault();
  sent.add(form);
  setTimeout(() => sent.delete(form), longestMs);
});

// The browser's history can bring back the page as it was.
addEventListener("pageshow", () => {
  sent = new WeakSet();
});
