/** Sends the form that leads to an identity provider. Without this script, a person presses its button. */
document.querySelector("form[data-send-at-once]")?.submit();
