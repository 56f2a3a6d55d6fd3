import type { Product } from "../product.ts";
import { wizardUrls } from "../wizard-urls.ts";
import type { Web } from "./web.ts";

/** The Wizard's URLs for one customer: its expressions with the connection key filled in, as Okta evaluates them. */
export function customerUrls(product: Product, origin: string, key: string) {
  const { variable } = product;
  const manifest = { ...product.manifest, origin };
  const { oidc, saml, scim, universalLogout } = wizardUrls({ ...product, manifest });
  const put = (expression: string, before: string, after: string) =>
    expression.replaceAll(`${before}${variable}${after}`, key);
  const inOidc = (expression: string) => put(expression, "{app.", "}");
  const inSaml = (expression: string) => put(expression, "${org.", "}");
  return {
    redirectUri: inOidc(oidc.redirectUri),
    initiateLoginUri: inOidc(oidc.initiateLoginUri),
    postLogoutRedirectUri: inOidc(oidc.postLogoutRedirectUri),
    acsUrl: inSaml(saml.acsUrl),
    entityId: inSaml(saml.entityId),
    scimBaseUrl: evaluated(scim.baseUrl, variable, key),
    universalLogout: evaluated(universalLogout.endpoint, variable, key),
  };
}

/** Evaluates an expression of quoted texts and variables, joined by plus signs. */
function evaluated(expression: string, variable: string, key: string): string {
  return expression
    .split(" + ")
    .map((part) => (part === `app.${variable}` ? key : part.replace(/^'(.*)'$/, "$1")))
    .join("");
}

/** A connection of the deployment, and the protocols that it serves. */
export interface FoundConnection {
  key: string;
  oidc: boolean;
  saml: boolean;
}

/** The named connections, or else those that the deployment's pages link to. */
export async function findConnections(
  web: Web,
  url: string,
  { addresses }: Product,
  named: readonly string[],
): Promise<FoundConnection[]> {
  const keys = named.length > 0 ? named : await linkedKeys(web, url, addresses.entrances);
  const found: FoundConnection[] = [];
  for (const key of keys) {
    const oidc = await web.send(addresses.oidc(url, key).redirectUri);
    const metadataUrl = addresses.saml?.(url, key).metadataUrl;
    const saml = metadataUrl !== undefined && (await web.send(metadataUrl)).status !== 404;
    found.push({ key, oidc: oidc.status !== 404, saml });
  }
  return found;
}

async function linkedKeys(web: Web, url: string, entrances: readonly string[]): Promise<string[]> {
  const keys = new Set<string>();
  for (const path of entrances) {
    const { status, text } = await web.send(url + path);
    if (status !== 200) continue;
    for (const [, key] of text.matchAll(/\/(?:oidc|saml)\/([a-z0-9][a-z0-9-]{0,62})\//g))
      if (key) keys.add(key);
  }
  return [...keys];
}
