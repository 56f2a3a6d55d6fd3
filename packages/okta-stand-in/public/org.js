/** Submits the form with a SAML response, and updates the progress of a push. Without it, a button and a refresh do. */
for (const form of document.querySelectorAll("form[data-submit]")) form.submit();

const progress = document.querySelector("[data-progress]");
if (progress) void follow();

async function follow() {
  const answer = await fetch(progress.dataset.progress);
  const state = await answer.json();
  if (!state?.isRunning) return location.reload();
  const { done, total, failed, waitsUntil } = state;
  Object.assign(progress.querySelector("progress"), { value: done, max: total });
  const waits = waitsUntil
    ? `, waiting ${Math.ceil((waitsUntil - Date.now()) / 1000)} s because the application asked for it`
    : "";
  progress.querySelector("[data-count]").textContent =
    `${done} of ${total}${failed > 0 ? `, ${failed} failed` : ""}${waits}`;
  setTimeout(follow, 500);
}
