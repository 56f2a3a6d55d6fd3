/** Applies the filters of a list on change, in place, and selects rows. Without it, a button applies them. */
const bar = document.querySelector(".filter-bar");
const sheet = document.querySelector("#filters");
let pending = new AbortController();
let timer = 0;
let applied = bar ? query() : "";

function query() {
  const filled = [...new FormData(bar)].filter(([, value]) => value !== "");
  return new URLSearchParams(filled).toString();
}

async function apply() {
  const wanted = query();
  if (wanted === applied) return;
  pending.abort();
  pending = new AbortController();
  const url = wanted ? `${bar.action}?${wanted}` : bar.action;
  try {
    const answer = await fetch(url, { signal: pending.signal });
    // The session has ended, or something else needs the whole page.
    if (!answer.ok || answer.redirected) return location.assign(url);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-swap]"))
      part.replaceChildren(...(page.getElementById(part.id)?.childNodes ?? []));
    for (const chip of bar.querySelectorAll(".chip"))
      chip.classList.toggle("chosen", chip.querySelector("select, input").value !== "");
    applied = wanted;
    history.replaceState(null, "", url);
  } catch (error) {
    if (error.name !== "AbortError") location.assign(url);
  }
}

bar?.addEventListener("input", (event) => {
  clearTimeout(timer);
  // In the sheet of a phone, the button applies all of them.
  if (!sheet?.matches(":popover-open")) timer = setTimeout(apply, event.target.type === "search" ? 250 : 0);
});

const boxes = () => [...document.querySelectorAll(".selectable tbody input[type=checkbox]")];

function showSelection() {
  const all = boxes();
  const count = all.filter((box) => box.checked).length;
  const output = document.querySelector("[data-selected]");
  if (output) output.textContent = `${count} selected`;
  const head = document.querySelector("[data-select-all]");
  if (head)
    Object.assign(head, {
      checked: count > 0 && count === all.length,
      indeterminate: count > 0 && count < all.length,
    });
}

function select(checked) {
  for (const box of boxes()) box.checked = checked;
  showSelection();
}

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-select-all]")) select(target.checked);
  else if (target.closest(".selectable")) showSelection();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.closest?.(".selectable")) select(false);
});
// The browser's Back brings the ticked boxes back.
addEventListener("pageshow", showSelection);
