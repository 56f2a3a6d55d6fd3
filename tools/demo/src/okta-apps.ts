import { attributeStatements } from "guide-writer/attribute-statements"; // SAML
import { brand } from "../../../config/brand.ts";
import {
  oidcUrls,
  samlUrls, // SAML
} from "../../../src/endpoints.ts";

/** The org refused a call or did not answer. The message is a sentence for the administrator. */
export class OktaError extends Error {
  override name = "OktaError";
}

/** Generous, because Okta usually answers within seconds. */
const timeoutMs = 30_000;
const unspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"; // SAML

/** The applications of one Okta org, through its management API (Okta: "Applications API"). */
export class OktaApps {
  readonly #orgUrl: string;
  readonly #token: string;

  constructor(orgUrl: string, token: string) {
    this.#orgUrl = orgUrl;
    this.#token = token;
  }

  /** Creates a web application like an OIN integration: authorization code, client secret, PKCE. Throws OktaError. */
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
          // The tile leads to the application, which then starts the sign-in (OpenID Connect Core §4).
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

  // SAML {
  /** Creates a SAML app with Okta's defaults: both signatures, SHA-256, the username as NameID. Throws OktaError. */
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
    const id = textAt(created, "id");
    const kid = textAt(created, "credentials", "signing", "kid");
    if (!id || !kid)
      throw new OktaError("The org created the SAML app, but its answer lacks the id or the key.");
    return { id, metadataUrl: await this.#metadataUrlOf(id, kid) };
  }
  // SAML }

  /** Deactivates and deletes an app. Does nothing if the app does not exist. Throws OktaError. */
  async remove(appId: string): Promise<void> {
    await this.#call("POST", `/${appId}/lifecycle/deactivate`, { allowMissing: true });
    await this.#call("DELETE", `/${appId}`, { allowMissing: true });
  }

  async #create(application: object): Promise<unknown> {
    return JSON.parse(await this.#call("POST", "", { body: application }));
  }

  // SAML {
  /** The URL at which Okta publishes an app's metadata. It contains the external key, which is part of the entity ID. */
  async #metadataUrlOf(appId: string, kid: string): Promise<string> {
    const path = `/${appId}/sso/saml/metadata?${new URLSearchParams({ kid })}`;
    const metadata = await this.#call("GET", path, { accept: "application/xml" });
    const externalKey = /entityID="http:\/\/www\.okta\.com\/(exk\w+)"/.exec(metadata)?.[1];
    if (externalKey) return `${this.#orgUrl}/app/${externalKey}/sso/saml/metadata`;
    throw new OktaError("The org’s metadata of the SAML app names no issuer of Okta’s form.");
  }
  // SAML }

  /** Calls the Applications API. Returns the body, which may be empty. Throws OktaError. */
  async #call(
    method: string,
    path: string,
    { body, accept = "application/json", allowMissing }: CallOptions,
  ) {
    const headers = { accept, "content-type": "application/json", authorization: `SSWS ${this.#token}` };
    try {
      const answer = await fetch(`${this.#orgUrl}/api/v1/apps${path}`, {
        method,
        headers,
        // Never send the token to another host.
        redirect: "error",
        signal: AbortSignal.timeout(timeoutMs),
        body: body === undefined ? null : JSON.stringify(body),
      });
      const text = await answer.text();
      if (answer.ok || (allowMissing && answer.status === 404)) return text;
      throw errorOf(answer.status, text);
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
  /** Accept 404: the app does not exist. */
  allowMissing?: boolean;
}

// SAML {
/** An expression that Okta evaluates. */
function placeholder(path: string): string {
  return `\${${path}}`;
}
// SAML }

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

/** Explains a refused call, without the token. (Okta: "Error codes and descriptions".) */
function errorOf(status: number, body: string): OktaError {
  if (status === 401) return new OktaError("The org does not accept this API token.");
  if (status === 403)
    return new OktaError("The administrator whose API token this is may not manage applications.");
  return new OktaError(`The org refused the call: ${summaryIn(body) ?? `it answered ${status}`}`);
}

function summaryIn(body: string): string | null {
  try {
    return textAt(JSON.parse(body), "errorSummary");
  } catch {
    return null;
  }
}
