/**
 * The expressions that the OIN Wizard takes for URLs.
 *
 * One description of a URL, three dialects (Okta: submit-oin-app, "Dynamic properties with expressions"); they are not
 * interchangeable, and the Wizard takes each as it is written, to the byte.
 */

/** A URL as literal text and the integration variables in between. */
export type UrlTemplate = readonly ({ text: string } | { variable: string })[];

/** Reads a URL in which `{name}` stands for an integration variable. */
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

/** SCIM base URL and Universal Logout endpoint: one bare expression, quoted even when nothing in it varies. */
export function bareExpression(template: UrlTemplate): string {
  return template.map((part) => ("text" in part ? `'${part.text}'` : `app.${part.variable}`)).join(" + ");
}
