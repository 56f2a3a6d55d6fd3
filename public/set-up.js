/**
 * Enhances the set-up of a connection, whose forms also work without it: the server checks fields while a person types, the
 * result of a test appears by itself, and a metadata file is read into its field.
 */
const typingMs = 600;
const pollMs = 1_500;

for (const form of document.querySelectorAll("form[data-checks]")) {
  for (const field of form.querySelectorAll("[data-check]")) {
    let timer;
    let latest = 0;
    const check = async () => {
      const turn = ++latest;
      const answer = await verdictOf(form, field);
      // Ignore an answer about an older text.
      if (turn === latest && answer) show(field, answer);
    };
    field.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(check, typingMs);
    });
  }
}

/** The server's check of a field; null if it cannot be reached: submitting the form checks it again. */
async function verdictOf(form, field) {
  const body = new URLSearchParams({ field: field.name, [field.name]: field.value });
  for (const name of ["issuer", "clientId", "idpEntityId"]) {
    if (form.elements[name] && name !== field.name) body.set(name, form.elements[name].value);
  }
  try {
    const answer = await fetch(form.dataset.checks, {
      method: "POST",
      body,
      headers: { accept: "application/json" },
    });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

function show(field, { problem, note }) {
  const state = document.getElementById(`${field.name}-state`);
  state.textContent = problem ?? note ?? "";
  state.className = `field-state ${problem ? "problem" : "done"}`;
  if (problem) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
}

// SAML {
for (const holder of document.querySelectorAll("[data-file-for]")) {
  holder.hidden = false;
  holder.querySelector("input").addEventListener("change", async ({ target }) => {
    const field = document.getElementById(holder.dataset.fileFor);
    field.value = target.files[0] ? decoded(await target.files[0].arrayBuffer()) : "";
    field.dispatchEvent(new Event("input"));
  });
}

/** The encodings of 16 bits by their first bytes: a byte order mark, or a "<" (XML 1.0 Appendix F.1). */
const wideEncodings = { fffe: "utf-16le", feff: "utf-16be", "3c00": "utf-16le", "003c": "utf-16be" };

/** A metadata file in the encoding of its first bytes, or the one that it declares (XML 1.0 §4.3.3); else UTF-8. */
function decoded(file) {
  const start = [...new Uint8Array(file).subarray(0, 2)]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
  if (wideEncodings[start]) return new TextDecoder(wideEncodings[start]).decode(file);
  const text = new TextDecoder().decode(file);
  const name = /^<\?xml[^>]*?\sencoding=["']([\w.-]+)/.exec(text)?.[1] ?? "utf-8";
  try {
    const decoder = new TextDecoder(name);
    return decoder.encoding.startsWith("utf-") ? text : decoder.decode(file);
  } catch {
    return text;
  }
}
// SAML }

watchTest();

/** Once a test has started, polls until it has ended, and then updates the page. */
function watchTest() {
  const form = document.querySelector("form[data-test]");
  if (!form) return;
  const state = form.querySelector("[data-test-state]");
  let timer;
  form.addEventListener("submit", () => {
    state.textContent = "Waiting for the test in the other window …";
    clearInterval(timer);
    timer = setInterval(async () => {
      const answer = await fetch(form.dataset.test, { headers: { accept: "application/json" } }).catch(
        () => null,
      );
      if (!answer?.ok || !(await answer.json()).finished) return;
      clearInterval(timer);
      await renew();
    }, pollMs);
  });
}

async function renew() {
  // The page still shows the settings from when it was loaded, so the fetched forms must not claim newer ones.
  const shown = document.querySelector('form[data-test] [name="shown"]')?.value;
  const answer = await fetch(location.href);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const old of document.querySelectorAll("[data-renew]")) {
    const fresh = page.getElementById(old.id);
    if (!fresh) continue;
    for (const field of fresh.querySelectorAll('[name="shown"]')) field.value = shown ?? field.value;
    old.replaceWith(fresh);
  }
  // The next test has an id of its own.
  const [form, next] = [document, page].map((one) => one.querySelector("form[data-test]"));
  if (form && next) {
    form.dataset.test = next.dataset.test;
    form.elements.test.value = next.elements.test.value;
    form.querySelector("[data-test-state]").textContent = "";
  }
  const result = document.querySelector(".test-result");
  result?.setAttribute("tabindex", "-1");
  result?.focus();
}
