/**
 * The set-up of a connection, on top of forms that work without it: fields are checked by the server while they are
 * filled in, a test's result appears by itself, and a metadata file is read into its field.
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
      // An answer to what was typed before is no answer.
      if (turn === latest && answer) show(field, answer);
    };
    field.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(check, typingMs);
    });
  }
}

/** What the server says of a field; null when it cannot be asked now. Sending the form will say it. */
async function verdictOf(form, field) {
  const body = new URLSearchParams({ field: field.name, [field.name]: field.value });
  for (const name of ["issuer", "clientId"]) {
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

for (const holder of document.querySelectorAll("[data-file-for]")) {
  holder.hidden = false;
  holder.querySelector("input").addEventListener("change", async ({ target }) => {
    const field = document.getElementById(holder.dataset.fileFor);
    field.value = (await target.files[0]?.text()) ?? "";
    field.dispatchEvent(new Event("input"));
  });
}

watchTest();

/** Once a test has begun, asks until it has ended, and shows what the page says then in place of what it said before. */
function watchTest() {
  const form = document.querySelector("form[data-test]");
  if (!form) return;
  const state = form.querySelector("[data-test-state]");
  state.textContent = "";
  form.addEventListener("submit", () => {
    state.textContent = "Waiting for the test in the other window …";
    const timer = setInterval(async () => {
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
  // What the form above shows is still what its page was loaded with: a form below it must not say that it shows more.
  const shown = document.querySelector('form[data-checks] [name="shown"]')?.value;
  const answer = await fetch(location.pathname);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  // What is typed in the form above stays: only the steps from the test on are replaced.
  for (let old = document.getElementById("test"), fresh = page.getElementById("test"); old && fresh; ) {
    const [nextOld, nextFresh] = [old.nextElementSibling, fresh.nextElementSibling];
    old.replaceWith(fresh);
    for (const field of fresh.querySelectorAll('[name="shown"]')) field.value = shown ?? field.value;
    [old, fresh] = [nextOld, nextFresh];
  }
  const result = document.querySelector(".test-result");
  result?.setAttribute("tabindex", "-1");
  result?.focus();
  watchTest();
}
