/** The origins of Okta's admin consoles that connect an app, as Okta lists them (Authentication settings). */
const oktaOrigins = [
  "https://system-admin.okta.com",
  "https://system-admin.okta-emea.com",
  "https://system-admin.oktapreview.com",
  "https://system-admin.trexcloud.com",
  // Okta's own network, which tests a submission there. A code is bound to the address at which it was asked for, and worth
  // nothing without the client's secret (docs/decisions/0053).
  "http://system-admin.okta1.com:1802",
];

/** A stand-in for Okta on this machine, only with INSECURE_ALLOW_PRIVATE_NETWORK. */
const loopbackOrigin = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/;

/** The name of the app's instance is known after it exists, so it is the one variable part. */
const callback = /^(.+)\/admin\/app\/cpc\/[A-Za-z0-9_-]{1,100}\/oauth\/callback$/;

/** Whether a redirect URI is one of Okta's. Texts are compared, and nothing is decoded or normalised (RFC 6749 §3.1.2.3). */
export function isOktaRedirectUri(uri: string, allowLoopback: boolean): boolean {
  const origin = callback.exec(uri)?.[1] ?? "";
  return oktaOrigins.includes(origin) || (allowLoopback && loopbackOrigin.test(origin));
}
