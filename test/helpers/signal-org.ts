import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";

const caep = "https://schemas.openid.net/secevent/caep/event-type/";
const ssf = "https://schemas.openid.net/secevent/ssf/event-type/";

export interface SentEvent {
  events: Record<string, unknown>;
  status: number;
}

interface WireStream {
  id: string;
  configuration: Record<string, unknown> & {
    delivery: { method: string; endpoint_url: string; authorization_header?: string };
  };
  status: string;
}

/** An answer that replaces the org's own. */
export interface WireAnswer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/**
 * An org on the wire: an authorization server with one client, and a transmitter of shared signals. It knows nothing of the
 * application, and follows RFC 6749, RFC 7636, RFC 7009 and SSF 1.0, with Okta's paths.
 */
export class SignalOrg {
  issuer = "";
  readonly client = { id: "0oa-signals", secret: "the-secret-of-the-signal-client" };
  /** Scopes that the client may have. */
  scopes = ["ssf.manage", "ssf.read", "offline_access"];
  stream: WireStream | null = null;
  /** "METHOD /path" of each request, in order. */
  readonly calls: string[] = [];
  readonly sent: SentEvent[] = [];
  /** Every secret that the org gave out or got. */
  readonly secrets: string[] = [this.client.secret];
  readonly revoked: string[] = [];
  /** By "METHOD /path": replaces the answer once, or for good with `stays`. */
  readonly answers = new Map<string, WireAnswer>();
  /** Changes the metadata of the authorization server and of the transmitter, and the stream that it answers. */
  openIdMetadata: Record<string, unknown> = {};
  metadata: Record<string, unknown> = {};
  answered: Record<string, unknown> = {};
  /** The audience of the stream's events. */
  readonly audience = "https://receiver.example/aud-1";
  /** By "METHOD /path": the next call, which the org holds back. */
  readonly #held = new Map<string, { when: "received" | "acted"; reach(): void; released: Promise<void> }>();
  readonly #server = createServer((req, res) => void this.#serve(req, res));
  readonly #codes = new Map<string, { challenge: string; redirectUri: string; scope: string }>();
  readonly #refreshTokens = new Set<string>();
  readonly #accessTokens = new Set<string>();
  #keys: { privateKey: CryptoKey; jwk: JWK } | null = null;

  async start(): Promise<this> {
    const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
    this.#keys = {
      privateKey,
      jwk: { ...(await exportJWK(publicKey)), kid: "k1", alg: "RS256", use: "sig" },
    };
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.issuer = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Forgets the stream and all tokens, and answers as at the start. */
  reset(): void {
    this.stream = null;
    for (const kept of [this.answers, this.#codes, this.#refreshTokens, this.#accessTokens]) kept.clear();
    for (const list of [this.calls, this.sent, this.revoked]) list.length = 0;
    this.metadata = {};
    this.openIdMetadata = {};
    this.answered = {};
    this.scopes = ["ssf.manage", "ssf.read", "offline_access"];
  }

  /** The person at the browser consents at the authorization endpoint. Returns where the org sends the browser. */
  consent(url: string): string {
    const { origin, pathname, searchParams } = new URL(url);
    assert.equal(origin + pathname, `${this.issuer}/oauth2/v1/authorize`);
    const asked = Object.fromEntries(searchParams);
    assert.equal(asked.client_id, this.client.id);
    assert.equal(asked.code_challenge_method, "S256");
    const back = new URL(asked.redirect_uri ?? "");
    const code = this.#secret();
    this.#codes.set(code, {
      challenge: asked.code_challenge ?? "",
      redirectUri: back.href,
      scope: asked.scope ?? "",
    });
    back.search = String(new URLSearchParams({ code, state: asked.state ?? "" }));
    return back.href;
  }

  /** Holds the next call of "METHOD /path" back until it is released: once it is received, or once the org has acted on it. */
  hold(call: string, when: "received" | "acted"): { reached: Promise<void>; release(): void } {
    let [reach, release] = [() => {}, () => {}];
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const reached = new Promise<void>((resolve) => {
      reach = resolve;
    });
    this.#held.set(call, { when, reach, released });
    return { reached, release };
  }

  async #holdBack(call: string, now: "received" | "acted"): Promise<void> {
    const held = this.#held.get(call);
    if (held?.when !== now) return;
    this.#held.delete(call);
    held.reach();
    await held.released;
  }

  /** Ends the authorization, as an administrator of the org may. */
  endAuthorization(): void {
    this.#refreshTokens.clear();
  }

  /** Pushes one event (RFC 8935 §2). Returns the status of the answer. */
  async push(events: Record<string, unknown>, claims: Record<string, unknown> = {}): Promise<number> {
    const { stream } = this;
    assert.ok(stream && this.#keys);
    const { endpoint_url, authorization_header } = stream.configuration.delivery;
    const token = await new SignJWT({ events, ...claims })
      .setProtectedHeader({ typ: "secevent+jwt", alg: "RS256", kid: "k1" })
      .setIssuer(this.issuer)
      .setAudience(this.audience)
      .setJti(randomUUID())
      .setIssuedAt()
      .sign(this.#keys.privateKey);
    const answer = await fetch(endpoint_url, {
      method: "POST",
      headers: {
        "Content-Type": "application/secevent+jwt",
        Accept: "application/json",
        ...(authorization_header ? { Authorization: authorization_header } : {}),
      },
      body: token,
    });
    this.sent.push({ events, status: answer.status });
    return answer.status;
  }

  /** Okta's session-revoked: the subject is inside the event. */
  async revokeSession(sub: string): Promise<number> {
    const subject = { format: "iss_sub", iss: this.issuer, sub };
    return await this.push({ [`${caep}session-revoked`]: { subject, event_timestamp: Date.now() } });
  }

  #secret(): string {
    const secret = randomUUID() + randomUUID();
    this.secrets.push(secret);
    return secret;
  }

  async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url ?? "/", this.issuer);
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const call = `${req.method} ${url.pathname}`;
    this.calls.push(call);
    await this.#holdBack(call, "received");
    const { status, body, headers } =
      this.answers.get(call) ??
      (await this.#answer(call, { req, url, text: Buffer.concat(chunks).toString() }));
    await this.#holdBack(call, "acted");
    res.writeHead(status, { "content-type": "application/json", ...headers });
    res.end(body === undefined ? "" : JSON.stringify(body));
  }

  async #answer(call: string, sent: { req: IncomingMessage; url: URL; text: string }): Promise<WireAnswer> {
    const api = `${this.issuer}/api/v1/ssf/stream`;
    switch (call) {
      case "GET /.well-known/openid-configuration":
        return { status: 200, body: this.#openIdMetadata() };
      case "GET /.well-known/ssf-configuration":
        return {
          status: 200,
          body: {
            issuer: this.issuer,
            jwks_uri: `${this.issuer}/oauth2/v1/keys`,
            delivery_methods_supported: ["urn:ietf:rfc:8935"],
            configuration_endpoint: api,
            status_endpoint: `${api}/status`,
            verification_endpoint: `${api}/verification`,
            ...this.metadata,
          },
        };
      case "GET /oauth2/v1/keys":
        return { status: 200, body: { keys: [this.#keys?.jwk] } };
      case "POST /oauth2/v1/token":
        return this.#token(sent.req, new URLSearchParams(sent.text));
      case "POST /oauth2/v1/revoke":
        this.revoked.push(new URLSearchParams(sent.text).get("token") ?? "");
        return { status: 200 };
      default:
        return await this.#manage(call, sent);
    }
  }

  #openIdMetadata() {
    const endpoint = (name: string) => `${this.issuer}/oauth2/v1/${name}`;
    return {
      issuer: this.issuer,
      authorization_endpoint: endpoint("authorize"),
      token_endpoint: endpoint("token"),
      revocation_endpoint: endpoint("revoke"),
      jwks_uri: endpoint("keys"),
      response_types_supported: ["code"],
      ...this.openIdMetadata,
    };
  }

  #token(req: IncomingMessage, form: URLSearchParams): WireAnswer {
    const refused = (error: string, status = 400) => ({ status, body: { error } });
    const [id, secret] = Buffer.from((req.headers.authorization ?? "").slice(6), "base64")
      .toString()
      .split(":")
      .map((part) => decodeURIComponent(part.replaceAll("+", " ")));
    if (id !== this.client.id || secret !== this.client.secret) return refused("invalid_client", 401);
    if (form.get("grant_type") === "refresh_token") {
      // Rotation: each token works once.
      if (!this.#refreshTokens.delete(form.get("refresh_token") ?? "")) return refused("invalid_grant");
      return this.#tokens(this.scopes);
    }
    const code = this.#codes.get(form.get("code") ?? "");
    this.#codes.delete(form.get("code") ?? "");
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    if (code?.challenge !== challenge || code.redirectUri !== form.get("redirect_uri"))
      return refused("invalid_grant");
    return this.#tokens(code.scope.split(" ").filter((one) => this.scopes.includes(one)));
  }

  #tokens(scopes: readonly string[]): WireAnswer {
    const [accessToken, refreshToken] = [this.#secret(), this.#secret()];
    this.#accessTokens.add(accessToken);
    this.#refreshTokens.add(refreshToken);
    const refresh = scopes.includes("offline_access") ? { refresh_token: refreshToken } : {};
    const token = {
      access_token: accessToken,
      token_type: "Bearer",
      expires_in: 3600,
      scope: scopes.join(" "),
    };
    return { status: 200, body: { ...token, ...refresh } };
  }

  async #manage(
    call: string,
    { req, url, text }: { req: IncomingMessage; url: URL; text: string },
  ): Promise<WireAnswer> {
    const token = (req.headers.authorization ?? "").slice("Bearer ".length);
    if (!this.#accessTokens.has(token)) return { status: 401, body: { errorCode: "E0000011" } };
    const body = (text === "" ? {} : JSON.parse(text)) as WireStream["configuration"] &
      Record<string, string>;
    const asked = url.searchParams.get("stream_id") ?? body.stream_id ?? null;
    if (call === "POST /api/v1/ssf/stream") return this.#create(body);
    if (call === "GET /api/v1/ssf/stream" && asked === null)
      return { status: 200, body: this.stream ? [this.#shown()] : [] };
    const { stream } = this;
    if (stream === null || asked !== stream.id) return { status: 404, body: { errorCode: "E0000007" } };
    switch (call) {
      case "PATCH /api/v1/ssf/stream":
        stream.configuration = { ...stream.configuration, ...body };
        this.#keepHeader(body);
        return { status: 200, body: this.#shown() };
      case "DELETE /api/v1/ssf/stream":
        this.stream = null;
        return { status: 204 };
      case "GET /api/v1/ssf/stream/status":
        return { status: 200, body: { stream_id: stream.id, status: stream.status } };
      case "POST /api/v1/ssf/stream/status":
        stream.status = body.status ?? "";
        return { status: 200, body: { stream_id: stream.id, status: stream.status } };
      case "POST /api/v1/ssf/stream/verification":
        this.secrets.push(body.state ?? "");
        await this.push(
          { [`${ssf}verification`]: { state: body.state } },
          { sub_id: { format: "opaque", id: stream.id } },
        );
        return { status: 204 };
      default:
        return { status: 405 };
    }
  }

  #create(configuration: WireStream["configuration"]): WireAnswer {
    if (this.stream) return { status: 409, body: { errorCode: "E0000001" } };
    this.stream = { id: `esc${randomUUID()}`, configuration, status: "enabled" };
    this.#keepHeader(configuration);
    return { status: 201, body: this.#shown() };
  }

  #keepHeader({ delivery }: WireStream["configuration"]): void {
    if (delivery?.authorization_header) this.secrets.push(delivery.authorization_header);
  }

  #shown() {
    const { id, configuration } = this.stream as WireStream;
    const { method, endpoint_url } = configuration.delivery;
    return {
      stream_id: id,
      iss: this.issuer,
      aud: this.audience,
      delivery: { method, endpoint_url },
      events_supported: [`${caep}session-revoked`, `${caep}credential-change`],
      events_requested: configuration.events_requested,
      events_delivered: configuration.events_requested ?? [],
      min_verification_interval: 60,
      ...this.answered,
    };
  }
}
