import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** How an answer differs from an honest one. */
export interface Forgery {
  origin?: string;
  rpId?: string;
  challenge?: string;
  /** Whether the authenticator verified its user. */
  isVerified?: boolean;
  counter?: number;
  userHandle?: string | null;
  /** Whether a new passkey comes with a valid attestation that was not asked for. */
  isAttested?: boolean;
  type?: string;
}

interface CreationOptions {
  challenge: string;
  rp: { id: string };
  user: { id: string };
}

interface RequestOptions {
  challenge: string;
  rpId: string;
}

const sha256 = (data: string | Buffer) => createHash("sha256").update(data).digest();
/** CBOR of a text below 24 bytes, of bytes below 256, and of an empty map (RFC 8949 §3.1). */
const cborText = (text: string) => Buffer.concat([Buffer.from([0x60 + text.length]), Buffer.from(text)]);
const cborBytes = (bytes: Buffer) => Buffer.concat([Buffer.from([0x58, bytes.length]), bytes]);
const emptyMap = Buffer.from([0xa0]);
const [userPresent, userVerified, hasCredential] = [0x01, 0x04, 0x40];

/** An authenticator in software with one passkey (WebAuthn §6), which lies on request. */
export class SoftAuthenticator {
  readonly id = randomBytes(32);
  counter = 0;
  userHandle: string | null = null;
  readonly #origin: string;
  readonly #keys = generateKeyPairSync("ec", { namedCurve: "P-256" });

  /** @param origin of the page that asks. */
  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Answers the options of a page that adds a passkey. */
  create(options: string, forgery: Forgery = {}): string {
    const { challenge, rp, user } = JSON.parse(options) as CreationOptions;
    this.userHandle = user.id;
    const { x = "", y = "" } = this.#keys.publicKey.export({ format: "jwk" });
    const coseKey = Buffer.concat([
      Buffer.from("a5010203262001215820", "hex"),
      Buffer.from(x, "base64url"),
      Buffer.from("225820", "hex"),
      Buffer.from(y, "base64url"),
    ]);
    const attested = Buffer.concat([Buffer.alloc(16), Buffer.from([0, this.id.length]), this.id, coseKey]);
    const data = Buffer.concat([this.#data(rp.id, hasCredential, forgery), attested]);
    const clientData = this.#clientData("webauthn.create", challenge, forgery);
    const statement = forgery.isAttested
      ? this.#selfAttestation(data, clientData)
      : [cborText("none"), emptyMap];
    const attestation = Buffer.concat([
      Buffer.from([0xa3]),
      cborText("fmt"),
      statement[0] ?? emptyMap,
      cborText("attStmt"),
      statement[1] ?? emptyMap,
      cborText("authData"),
      cborBytes(data),
    ]);
    return this.#answer({
      clientDataJSON: clientData.toString("base64url"),
      attestationObject: attestation.toString("base64url"),
      transports: ["internal"],
    });
  }

  /** A valid packed attestation by the passkey itself (WebAuthn §8.2). */
  #selfAttestation(data: Buffer, clientData: Buffer): Buffer[] {
    const signature = sign("sha256", Buffer.concat([data, sha256(clientData)]), this.#keys.privateKey);
    const alg = Buffer.concat([cborText("alg"), Buffer.from([0x26])]);
    const sig = Buffer.concat([cborText("sig"), cborBytes(signature)]);
    return [cborText("packed"), Buffer.concat([Buffer.from([0xa2]), alg, sig])];
  }

  /** Answers the options of a page that signs in. */
  get(options: string, forgery: Forgery = {}): string {
    const { challenge, rpId } = JSON.parse(options) as RequestOptions;
    this.counter += 1;
    const data = this.#data(rpId, 0, forgery);
    const clientData = this.#clientData("webauthn.get", challenge, forgery);
    const signature = sign("sha256", Buffer.concat([data, sha256(clientData)]), this.#keys.privateKey);
    const { userHandle = this.userHandle } = forgery;
    return this.#answer({
      clientDataJSON: clientData.toString("base64url"),
      authenticatorData: data.toString("base64url"),
      signature: signature.toString("base64url"),
      userHandle,
    });
  }

  #answer(response: object): string {
    const id = this.id.toString("base64url");
    return JSON.stringify({ id, rawId: id, type: "public-key", response });
  }

  #data(rpId: string, flags: number, { isVerified = true, counter, rpId: forged }: Forgery): Buffer {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter ?? this.counter);
    const all = userPresent | (isVerified ? userVerified : 0) | flags;
    return Buffer.concat([sha256(forged ?? rpId), Buffer.from([all]), count]);
  }

  #clientData(type: string, challenge: string, forgery: Forgery): Buffer {
    const { origin = this.#origin, challenge: forged = challenge, type: other = type } = forgery;
    return Buffer.from(JSON.stringify({ type: other, challenge: forged, origin, crossOrigin: false }));
  }
}

/** The WebAuthn options of a page. */
export function optionsOn(page: { text: string }): string {
  const found = /data-options="([^"]*)"/.exec(page.text)?.[1] ?? "";
  return found.replaceAll("&#34;", '"').replaceAll("&amp;", "&");
}
