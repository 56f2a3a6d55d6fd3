/**
 * Updates the page while a person looks at it: the state, recent problems, and completed steps. Without this script,
 * reloading the page does the same.
 */
const everyMs = 4_000;
/** Stops then, so that an open page does not keep its session alive for ever. */
const longestMs = 15 * 60_000;
const state = document.querySelector("[data-live]");
const end = Date.now() + longestMs;

const timer = setInterval(async () => {
  if (!state || Date.now() > end) clearInterval(timer);
  else if (!document.hidden) await renew();
}, everyMs);

async function renew() {
  const answer = await fetch(state.dataset.live).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById(state.id);
  // Never replace the element that has the keyboard focus.
  if (!fresh || state.contains(document.activeElement)) return;
  if (fresh.innerHTML !== state.innerHTML) state.replaceChildren(...fresh.childNodes);
  const steps = page.querySelectorAll(".steps > li");
  document.querySelectorAll(".steps > li").forEach((step, at) => {
    step.classList.toggle("done", steps[at]?.classList.contains("done") ?? false);
  });
}
