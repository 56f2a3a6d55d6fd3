import { brand } from "../../../config/brand.ts";
import { attributeStatements } from "../../../src/demo/attribute-statements.ts";
import { oidcUrls, samlUrls } from "../../../src/endpoints.ts";

/** What the org said when it did not do what it was asked. */
export class OktaError extends Error {
  override name = "OktaError";
}

/** Okta answers within seconds. */
const timeoutMs = 30_000;
const unspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";

/** The applications of one Okta org, through its management API (Okta: "Applications API"). */
export class OktaApps {
  readonly #orgUrl: string;
  readonly #token: string;

  constructor(orgUrl: string, token: string) {
    this.#orgUrl = orgUrl;
    this.#token = token;
  }

  /** A web application as integrations of the OIN are: authorization code, client secret, PKCE. Throws OktaError. */
  async createOidc(
    customer: string,
    baseUrl: string,
    key: string,
  ): Promise<{ id: string; clientSecret: string }> {
    const { redirectUri, postLogoutRedirectUri, initiateLoginUri } = oidcUrls(baseUrl, key);
    const application = {
      name: "oidc_client",
      label: labelOf(customer),
      signOnMode: "OPENID_CONNECT",
      credentials: {
        oauthClient: { token_endpoint_auth_method: "client_secret_basic", pkce_required: true },
      },
      settings: {
        oauthClient: {
          application_type: "web",
          grant_types: ["authorization_code"],
          response_types: ["code"],
          redirect_uris: [redirectUri],
          post_logout_redirect_uris: [postLogoutRedirectUri],
          initiate_login_uri: initiateLoginUri,
          // The tile leads to the application, which asks for the sign-in (OpenID Connect Core §4).
          idp_initiated_login: { mode: "SPEC", default_scope: ["openid", "profile", "email"] },
          consent_method: "TRUSTED",
          issuer_mode: "ORG_URL",
        },
      },
    };
    const created = await this.#create(application);
    const id = textAt(created, "id");
    const clientSecret = textAt(created, "credentials", "oauthClient", "client_secret");
    if (!id || !clientSecret)
      throw new OktaError("The org created the OIDC app, but gave no client secret for it.");
    return { id, clientSecret };
  }

  /** Okta's defaults of a SAML app: both signatures, SHA-256, the username as NameID. Throws OktaError. */
  async createSaml(
    customer: string,
    baseUrl: string,
    key: string,
  ): Promise<{ id: string; metadataUrl: string }> {
    const { acsUrl, entityId: audience } = samlUrls(baseUrl, key);
    const namespace = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified";
    const application = {
      label: labelOf(customer),
      signOnMode: "SAML_2_0",
      settings: {
        signOn: {
          ssoAcsUrl: acsUrl,
          recipient: acsUrl,
          destination: acsUrl,
          audience,
          defaultRelayState: "",
          subjectNameIdTemplate: placeholder("user.userName"),
          subjectNameIdFormat: unspecified,
          idpIssuer: `http://www.okta.com/${placeholder("org.externalKey")}`,
          responseSigned: true,
          assertionSigned: true,
          honorForceAuthn: true,
          requestCompressed: false,
          signatureAlgorithm: "RSA_SHA256",
          digestAlgorithm: "SHA256",
          allowMultipleAcsEndpoints: false,
          authnContextClassRef: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
          attributeStatements: attributeStatements().map(({ name, expression }) => ({
            type: "EXPRESSION",
            name,
            namespace,
            values: [expression],
          })),
        },
      },
    };
    const created = await this.#create(application);
    const [id, kid] = [textAt(created, "id"), textAt(created, "credentials", "signing", "kid")];
    if (!id || !kid) throw new OktaError("The org created the SAML app, but did not say its id and its key.");
    return { id, metadataUrl: await this.#metadataUrlOf(id, kid) };
  }

  /** Deactivates and deletes an app; one that is gone already is no error. Throws OktaError. */
  async remove(appId: string): Promise<void> {
    await this.#call("POST", `/${appId}/lifecycle/deactivate`, { orGone: true });
    await this.#call("DELETE", `/${appId}`, { orGone: true });
  }

  async #create(application: object): Promise<unknown> {
    return JSON.parse(await this.#call("POST", "", { body: application }));
  }

  /** Okta publishes the metadata at the app's external key, which stands in its entity ID. */
  async #metadataUrlOf(appId: string, kid: string): Promise<string> {
    const path = `/${appId}/sso/saml/metadata?${new URLSearchParams({ kid })}`;
    const metadata = await this.#call("GET", path, { accept: "application/xml" });
    const externalKey = /entityID="http:\/\/www\.okta\.com\/(exk\w+)"/.exec(metadata)?.[1];
    if (externalKey) return `${this.#orgUrl}/app/${externalKey}/sso/saml/metadata`;
    throw new OktaError("The org’s metadata of the SAML app names no issuer of Okta’s form.");
  }

  /** One call of the Applications API. Returns the body, which may be empty. Throws OktaError. */
  async #call(method: string, path: string, { body, accept = "application/json", orGone }: CallOptions) {
    const headers = { accept, "content-type": "application/json", authorization: `SSWS ${this.#token}` };
    try {
      const answer = await fetch(`${this.#orgUrl}/api/v1/apps${path}`, {
        method,
        headers,
        // The token goes nowhere but to the org.
        redirect: "error",
        signal: AbortSignal.timeout(timeoutMs),
        body: body === undefined ? null : JSON.stringify(body),
      });
      const text = await answer.text();
      if (answer.ok || (orGone && answer.status === 404)) return text;
      throw refused(answer.status, text);
    } catch (error) {
      if (error instanceof OktaError) throw error;
      const { message, cause } = error as Error;
      const why = textAt(cause, "code") ?? message;
      throw new OktaError(`The org did not answer: ${why}`, { cause: error });
    }
  }
}

interface CallOptions {
  body?: object;
  accept?: string;
  /** Whether it is all the same when the app is not there. */
  orGone?: boolean;
}

/** What Okta replaces when it uses the value. */
function placeholder(path: string): string {
  return `\${${path}}`;
}

function labelOf(customer: string): string {
  return `${brand.productName} (${customer})`;
}

function textAt(value: unknown, ...path: string[]): string | null {
  const found = path.reduce<unknown>(
    (one, name) => (typeof one === "object" && one !== null ? Reflect.get(one, name) : undefined),
    value,
  );
  return typeof found === "string" && found !== "" ? found : null;
}

/** One sentence for the administrator; the token stands in none of them. (Okta: "Error codes and descriptions".) */
function refused(status: number, body: string): OktaError {
  if (status === 401) return new OktaError("The org does not accept this API token.");
  if (status === 403)
    return new OktaError("The administrator whose API token this is may not manage applications.");
  return new OktaError(`The org did not do it: ${summaryIn(body) ?? `it answered ${status}`}`);
}

function summaryIn(body: string): string | null {
  try {
    return textAt(JSON.parse(body), "errorSummary");
  } catch {
    return null;
  }
}
