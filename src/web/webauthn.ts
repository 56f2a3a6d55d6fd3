import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from "@simplewebauthn/server";
import { COSEALG, decodeAttestationObject } from "@simplewebauthn/server/helpers";
import type { Request, Response } from "express";
import { z } from "zod";
import { brand } from "../../config/brand.ts";
import { RefusedError } from "../errors.ts";
import type { User } from "../model.ts";
import type { Database } from "../store/database.ts";
import type { Passkey } from "../store/tenant/passkeys.ts";
import { type SealedStepDeps, sealedStep } from "./sealed-step.ts";

/** A challenge, and the only person whose answer counts; null if any passkey may answer. */
interface Challenge {
  challenge: string;
  userId: string | null;
}

/** A passkey that its authenticator has just made. */
type NewPasskey = Pick<Passkey, "id" | "publicKey" | "counter" | "transports">;

/** The ceremonies of WebAuthn (docs/decisions/0066). Only this file knows its library. */
export interface WebAuthn {
  /** The options for `navigator.credentials.create()`, as JSON. Gives the browser a challenge. */
  creationOptions(res: Response, user: User, existing: readonly Passkey[]): Promise<string>;
  /** Verifies the answer. Throws RefusedError `second-step-not-valid`. Consumes the challenge. */
  verifyNew(req: Request, user: User, answer: string): Promise<NewPasskey>;
  /**
   * The options for `navigator.credentials.get()`, as JSON. Gives the browser a challenge.
   * @param of the passkeys of the person who is signing in; null to let the browser offer any.
   */
  requestOptions(res: Response, of: { userId: string; passkeys: readonly Passkey[] } | null): Promise<string>;
  /**
   * Verifies the answer, and returns the passkey with its new counter. Throws RefusedError `second-step-not-valid`. Consumes
   * the challenge.
   * @param userId the person whom the challenge has to be for; null for a sign-in by a passkey alone.
   * @param find the stored passkey of a credential ID.
   */
  verifyUse<Found extends Passkey>(
    req: Request,
    userId: string | null,
    answer: string,
    find: (id: string) => Promise<Found | null>,
  ): Promise<Found>;
}

/** What every authenticator makes. The library's default asks Node 24 for ML-DSA, which prints a warning. */
const supportedAlgorithmIDs = [COSEALG.EdDSA, COSEALG.ES256, COSEALG.RS256];

const text = z.string().max(8192);
const credential = z.object({ id: text, rawId: text, type: z.literal("public-key") });
const newAnswer = credential.extend({
  response: z.object({
    clientDataJSON: text,
    attestationObject: text,
    transports: z
      .array(z.string().regex(/^[a-z-]{1,20}$/))
      .max(10)
      .optional(),
  }),
});
const useAnswer = credential.extend({
  response: z.object({
    clientDataJSON: text,
    authenticatorData: text,
    signature: text,
    userHandle: text.nullish(),
  }),
});

export function webAuthn(deps: SealedStepDeps & { database: Database }): WebAuthn {
  const { baseUrl, database } = deps;
  const rpID = new URL(baseUrl).hostname;
  const expected = { expectedOrigin: baseUrl, expectedRPID: rpID, requireUserVerification: true };
  const creations = sealedStep<Challenge>("new-passkey", deps);
  const uses = sealedStep<Challenge>("passkey", deps);

  /** The challenge that this browser has for this person. Each is answered once, also with a wrong answer. */
  async function consumeChallenge(req: Request, userId: string | null, steps: typeof uses): Promise<string> {
    const step = steps.of(req);
    if (!step || !(await steps.finish(req, database)))
      throw refused("the challenge is not this browser's, too old, or was answered before");
    if (step.userId !== userId) throw refused("the challenge is for another person");
    return step.challenge;
  }

  return {
    async creationOptions(res, user, existing) {
      const options = await generateRegistrationOptions({
        rpName: brand.productName,
        rpID,
        // The user handle: no personal data (WebAuthn §14.6.1).
        userID: new TextEncoder().encode(user.id),
        userName: user.loginName,
        userDisplayName: user.displayName ?? user.loginName,
        attestationType: "none",
        excludeCredentials: existing.map(descriptorOf),
        authenticatorSelection: { residentKey: "required", userVerification: "required" },
        supportedAlgorithmIDs,
      });
      creations.begin(res, { challenge: options.challenge, userId: user.id });
      return JSON.stringify(options);
    },

    async verifyNew(req, user, answer) {
      const expectedChallenge = await consumeChallenge(req, user.id, creations);
      return await refuseErrors(async () => {
        const response = newAnswer.parse(JSON.parse(answer));
        requireNoAttestation(response.response.attestationObject);
        const { verified, registrationInfo } = await verifyRegistrationResponse({
          response: { ...response, clientExtensionResults: {} } as RegistrationResponseJSON,
          expectedChallenge,
          ...expected,
          supportedAlgorithmIDs,
        });
        if (!verified) throw refused("the answer was not verified");
        const { id, publicKey, counter } = registrationInfo.credential;
        const key = Buffer.from(publicKey).toString("base64url");
        return { id, publicKey: key, counter, transports: response.response.transports ?? [] };
      });
    },

    async requestOptions(res, of) {
      const options = await generateAuthenticationOptions({
        rpID,
        userVerification: "required",
        allowCredentials: (of?.passkeys ?? []).map(descriptorOf),
      });
      uses.begin(res, { challenge: options.challenge, userId: of?.userId ?? null });
      return JSON.stringify(options);
    },

    async verifyUse(req, userId, answer, find) {
      const expectedChallenge = await consumeChallenge(req, userId, uses);
      const response = await refuseErrors(async () => useAnswer.parse(JSON.parse(answer)));
      const passkey = await find(response.id);
      if (!passkey) throw refused("the passkey is not known");
      requireOwnHandle(passkey, response.response.userHandle ?? null, userId);
      const { id, publicKey, counter } = passkey;
      const credential = { id, counter, publicKey: new Uint8Array(Buffer.from(publicKey, "base64url")) };
      return await refuseErrors(async () => {
        const { verified, authenticationInfo } = await verifyAuthenticationResponse({
          response: { ...response, clientExtensionResults: {} } as AuthenticationResponseJSON,
          expectedChallenge,
          ...expected,
          credential,
        });
        if (!verified) throw refused("the signature is not right");
        return { ...passkey, counter: authenticationInfo.newCounter };
      });
    },
  };
}

const descriptorOf = ({ id, transports }: Passkey) => ({ id, transports: [...transports] });

/** We ask for no attestation. The library would read the certificates of one, and fetch the addresses in them. */
function requireNoAttestation(attestationObject: string): void {
  const decoded = decodeAttestationObject(new Uint8Array(Buffer.from(attestationObject, "base64url")));
  if (decoded.get("fmt") !== "none") throw new Error("an attestation was not asked for");
}

/** The user handle has to be the passkey's person (WebAuthn §7.2, step 6). Without a password before, it has to be there. */
function requireOwnHandle(passkey: Passkey, handle: string | null, userId: string | null): void {
  if (userId !== null && passkey.userId !== userId) throw refused("the passkey is another person's");
  if (handle === null && userId !== null) return;
  if (Buffer.from(handle ?? "", "base64url").toString() !== passkey.userId)
    throw refused("the user handle is not the passkey's person");
}

/** One refusal for each reason why an answer is not valid. The log has the reason. */
const refused = (cause: unknown) => new RefusedError("second-step-not-valid", null, { cause });

/** Turns errors about what the browser sent into a refusal. */
async function refuseErrors<T>(verify: () => Promise<T>): Promise<T> {
  try {
    return await verify();
  } catch (cause) {
    throw cause instanceof RefusedError ? cause : refused(cause);
  }
}
