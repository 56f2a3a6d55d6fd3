/**
 * Closes an open confirmation by Escape, which gives the focus back to its button, and by a click outside. Without this
 * script its button closes it.
 */
const open = "details:is(.confirm, .popover)[open]";

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  const inner = [...document.querySelectorAll(open)].at(-1);
  if (!inner) return;
  inner.open = false;
  inner.querySelector("summary").focus();
});

document.addEventListener("click", ({ target }) => {
  for (const one of document.querySelectorAll(open)) if (!one.contains(target)) one.open = false;
});

// A toggle does not bubble.
document.addEventListener(
  "toggle",
  ({ target }) => target.matches(open) && target.lastElementChild.scrollIntoView({ block: "nearest" }),
  true,
);
