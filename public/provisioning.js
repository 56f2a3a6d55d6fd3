/**
 * What Okta does appears by itself while somebody looks at the page: the state, what went wrong, and which steps are done.
 * Without this script it is there when the page is loaded again.
 */
const everyMs = 4_000;
/** A page that is left open does not keep its session alive for ever. */
const longestMs = 15 * 60_000;
const state = document.getElementById("provisioning-state");
const end = Date.now() + longestMs;

const timer = setInterval(async () => {
  if (Date.now() > end) clearInterval(timer);
  else if (!document.hidden) await renew();
}, everyMs);

async function renew() {
  const answer = await fetch(state.dataset.live).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById(state.id);
  // Nothing is taken away from under the keyboard.
  if (!fresh || state.contains(document.activeElement)) return;
  if (fresh.innerHTML !== state.innerHTML) state.replaceChildren(...fresh.childNodes);
  const steps = page.querySelectorAll(".steps > li");
  document.querySelectorAll(".steps > li").forEach((step, at) => {
    step.classList.toggle("done", steps[at]?.classList.contains("done") ?? false);
  });
}
