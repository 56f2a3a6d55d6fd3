/** The addresses of the specifications that rules and terms cite. */
const core = "https://openid.net/specs/openid-connect-core-1_0.html";
const signals = "https://openid.net/specs/openid-sharedsignals";
const caep = "https://openid.net/specs/openid-caep";
const oasis = "https://docs.oasis-open.org/security/saml/v2.0"; // SAML
const idJag = "https://datatracker.ietf.org/doc/html/draft-ietf-oauth-identity-assertion-authz-grant";

/** A citation begins with one of these; `section` is its number, if it names one. */
const specifications: readonly [pattern: RegExp, address: (section: string, number: string) => string][] = [
  [/^RFC (?<number>\d+)(?: §(?<section>[\d.]+))?/, rfc],
  [/^(?:OpenID Connect )?Core §(?<section>[\d.]+)/, (section) => `${core}#rfc.section.${section}`],
  [/^OpenID Connect Discovery/, () => "https://openid.net/specs/openid-connect-discovery-1_0.html"],
  [/^OpenID Connect RP-Initiated/, () => "https://openid.net/specs/openid-connect-rpinitiated-1_0.html"],
  [/^SSF §(?<section>[\d.]+)/, (section) => `${signals}-framework-1_0-final.html#section-${section}`],
  [/^CAEP §(?<section>[\d.]+)/, (section) => `${caep}-1_0-final.html#section-${section}`],
  [
    /^CAEP Interop/,
    () => "https://openid.github.io/sharedsignals/openid-caep-interoperability-profile-1_0.html",
  ],
  [/^SAML Core/, () => `${oasis}/saml-core-2.0-os.pdf`], // SAML
  [/^SAML Profiles/, () => `${oasis}/saml-profiles-2.0-os.pdf`], // SAML
  [/^SAML Bindings/, () => `${oasis}/saml-bindings-2.0-os.pdf`], // SAML
  [/^XML Signature/, () => "https://www.w3.org/TR/xmldsig-core1/"], // SAML
  [/^XML Encryption/, () => "https://www.w3.org/TR/xmlenc-core1/"], // SAML
  [/^ID-JAG draft(?: §(?<section>[\d.]+))?/, (section) => (section ? `${idJag}#section-${section}` : idJag)],
];

function rfc(section: string, number: string): string {
  const address = `https://www.rfc-editor.org/rfc/rfc${number}`;
  return section ? `${address}#section-${section}` : address;
}

/** The address of what a citation names first; null if it is not a published specification. */
export function specificationUrl(citation: string): string | null {
  for (const [pattern, address] of specifications) {
    const found = pattern.exec(citation);
    if (found) return address((found.groups?.section ?? "").replace(/\.$/, ""), found.groups?.number ?? "");
  }
  return null;
}
