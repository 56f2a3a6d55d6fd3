/**
 * Passkeys: `<form data-passkey="create|get" data-options="…">` asks the browser for a passkey when it is submitted, and sends
 * the answer as JSON in its field `credential`. In a browser without passkeys, a sentence in the form says so, and its button
 * stays hidden.
 */
const toBytes = (text) => {
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
};
const toText = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
const known = (list = []) => list.map((one) => ({ ...one, id: toBytes(one.id) }));

async function create(options) {
  const user = { ...options.user, id: toBytes(options.user.id) };
  const challenge = toBytes(options.challenge);
  const excludeCredentials = known(options.excludeCredentials);
  const publicKey = { ...options, challenge, user, excludeCredentials };
  const { id, rawId, type, response } = await navigator.credentials.create({ publicKey });
  return {
    id,
    rawId: toText(rawId),
    type,
    response: {
      clientDataJSON: toText(response.clientDataJSON),
      attestationObject: toText(response.attestationObject),
      transports: response.getTransports?.() ?? [],
    },
  };
}

async function get(options) {
  const challenge = toBytes(options.challenge);
  const publicKey = { ...options, challenge, allowCredentials: known(options.allowCredentials) };
  const { id, rawId, type, response } = await navigator.credentials.get({ publicKey });
  return {
    id,
    rawId: toText(rawId),
    type,
    response: {
      clientDataJSON: toText(response.clientDataJSON),
      authenticatorData: toText(response.authenticatorData),
      signature: toText(response.signature),
      userHandle: response.userHandle ? toText(response.userHandle) : null,
    },
  };
}

function handle(form) {
  const { passkey, options } = form.dataset;
  const status = form.querySelector("[data-passkey-status]");
  if (!window.PublicKeyCredential) {
    status.textContent = "This browser does not know passkeys.";
    return;
  }
  form.querySelector("button").hidden = false;
  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value !== "") return;
    event.preventDefault();
    status.textContent = "Follow your browser.";
    try {
      const answer = await (passkey === "create" ? create : get)(JSON.parse(options));
      form.elements.credential.value = JSON.stringify(answer);
      form.requestSubmit();
    } catch (error) {
      status.textContent =
        error.name === "InvalidStateError"
          ? "This device has a passkey for you already."
          : "The browser did not give a passkey. Try again.";
    }
  });
}

for (const form of document.querySelectorAll("form[data-passkey]")) handle(form);
