/**
 * The expressions that the OIN Wizard accepts for URLs.
 *
 * The Wizard has three dialects (Okta: submit-oin-app, "Dynamic properties with expressions"). They are not
 * interchangeable, and the Wizard uses each one exactly as it is typed.
 */

/** A URL as a sequence of literal texts and integration variables. */
export type UrlTemplate = readonly ({ text: string } | { variable: string })[];

/** Parses a URL in which `{name}` is an integration variable. */
export function urlTemplate(url: string): UrlTemplate {
  return url
    .split(/(\{[^{}]*\})/)
    .filter((part) => part !== "")
    .map((part) => (part.startsWith("{") ? { variable: part.slice(1, -1) } : { text: part }));
}

/** OIDC URIs: literal text with `{app.name}`. */
export function oidcExpression(template: UrlTemplate): string {
  return template.map((part) => ("text" in part ? part.text : `{app.${part.variable}}`)).join("");
}

/** SAML URLs: literal text with `${org.name}`. */
export function samlExpression(template: UrlTemplate): string {
  return template.map((part) => ("text" in part ? part.text : `\${org.${part.variable}}`)).join("");
}

/** SCIM base URL and Universal Logout endpoint: one bare expression, quoted even if it has no variable. */
export function bareExpression(template: UrlTemplate): string {
  return template.map((part) => ("text" in part ? `'${part.text}'` : `app.${part.variable}`)).join(" + ");
}
