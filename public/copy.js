/**
 * Copy buttons: `<button data-copy="id" hidden>` copies the text of the element with that id. Without this script the
 * buttons stay hidden and people select the values; if the browser denies the clipboard, the button selects the value.
 */
const shownMs = 2_000;

offer();
// Other scripts replace parts of a page.
new MutationObserver(offer).observe(document.body, { childList: true, subtree: true });

function offer() {
  for (const button of document.querySelectorAll("button[data-copy][hidden]")) {
    button.hidden = false;
    handle(button);
  }
}

function handle(button) {
  const source = document.getElementById(button.dataset.copy);
  const label = button.firstChild;
  const original = label.textContent;
  let timer;
  button.addEventListener("click", async () => {
    const copied = await copy(source);
    label.textContent = copied ? "Copied" : "Selected";
    announce(copied ? "Copied" : "Selected: copy it with the keyboard");
    clearTimeout(timer);
    timer = setTimeout(() => {
      label.textContent = original;
    }, shownMs);
  });
}

async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.value ?? textOf(source));
    return true;
  } catch {
    getSelection().selectAllChildren(source);
    return false;
  }
}

/** The text without what explains it on the page. */
function textOf(source) {
  const copied = source.cloneNode(true);
  for (const aside of copied.querySelectorAll("[data-aside]")) aside.remove();
  return copied.textContent;
}

function announce(text) {
  let status = document.getElementById("copy-status");
  if (!status) {
    status = Object.assign(document.createElement("p"), { id: "copy-status", className: "visually-hidden" });
    status.setAttribute("role", "status");
    document.body.append(status);
  }
  status.textContent = text;
}
