/**
 * "Print or save as PDF": `<button data-print hidden>` opens the browser's print dialog. A link with `?print` opens it at
 * once. The server has no browser that could write a PDF; the customer's own browser does, with their values in it.
 */
for (const button of document.querySelectorAll("button[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
if (new URLSearchParams(location.search).has("print")) {
  // The pictures belong to the printed pages.
  if (document.readyState === "complete") window.print();
  else addEventListener("load", () => window.print(), { once: true });
}
