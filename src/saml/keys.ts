import "reflect-metadata";
import { randomBytes, type webcrypto } from "node:crypto";
import { X509CertificateGenerator } from "@peculiar/x509";
import { ConflictError } from "../errors.ts";
import type { Connection } from "../model.ts";
import type { Sealer } from "../store/secrets.ts";
import type { StoredKeyPair } from "../store/tenant/key-pairs.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { type GenerateKeys, privateKeyPem, rsaAlgorithm } from "../trust/rsa-keys.ts";

/** One of our key pairs at a connection. */
export interface KeyPair {
  generation: number;
  /** Base64 DER. */
  certificate: string;
  /** PKCS #8, PEM. */
  privateKey: string;
}

/** Makes the keys of a new pair, and seals the private one for the store. */
interface KeyMaker {
  sealer: Sealer;
  generateKeys: GenerateKeys;
}

const years = 10;

/**
 * The connection's key pairs, oldest first; the first is made if there is none. The first one signs. All of them are
 * published, and each can decrypt an assertion.
 */
export async function keyPairsOf(
  store: TenantStore,
  sealer: Sealer,
  connection: Connection,
  generateKeys: GenerateKeys,
): Promise<[KeyPair, ...KeyPair[]]> {
  const open = (stored: StoredKeyPair): KeyPair => ({
    generation: stored.generation,
    certificate: stored.certificate,
    privateKey: sealer.open(stored.sealedKey, sealingContext(store, connection)),
  });
  let stored = await store.keyPairs.list(connection.id);
  if (stored.length === 0) {
    await store.keyPairs.add(connection.id, await newKeyPair(store, { sealer, generateKeys }, connection, 1));
    // Another replica may have been faster: read the pair that was stored.
    stored = await store.keyPairs.list(connection.id);
  }
  return stored.map(open) as [KeyPair, ...KeyPair[]];
}

/** Runs in the transaction of a key change, before it, with the connection locked. */
type KeyChangeStep = (inside: TenantStore) => Promise<void>;

/**
 * Begins to change our key: a second pair is published, and the first one goes on signing until the provider knows the
 * second. Throws ConflictError `stale` while a change is under way, and any error of `step`; then nothing changes.
 */
export async function beginKeyChange(
  store: TenantStore,
  maker: KeyMaker,
  connection: Connection,
  step: KeyChangeStep,
): Promise<void> {
  const [{ generation }] = await keyPairsOf(store, maker.sealer, connection, maker.generateKeys);
  // Generating a key is slow, so it happens before the transaction.
  const next = await newKeyPair(store, maker, connection, generation + 1);
  await store.transaction(async (inside) => {
    await inside.connections.lock(connection.id);
    await step(inside);
    if ((await inside.keyPairs.list(connection.id)).length > 1)
      throw new ConflictError("stale", "Our key is being changed already: end that first.");
    await inside.keyPairs.add(connection.id, next);
  });
}

/**
 * Ends the change: from now on the new pair signs, and the old one is deleted. Throws ConflictError `stale`, and any error
 * of `step`; then nothing changes.
 */
export async function endKeyChange(
  store: TenantStore,
  connection: Connection,
  step: KeyChangeStep,
): Promise<void> {
  await store.transaction(async (inside) => {
    await inside.connections.lock(connection.id);
    await step(inside);
    const [former, next] = await inside.keyPairs.list(connection.id);
    if (!former || !next) throw new ConflictError("stale", "There is no second key yet.");
    await inside.keyPairs.remove(connection.id, former.generation);
  });
}

/** Deletes our keys, even those that can no longer be unsealed. The next use makes a new pair. */
export async function forgetKeys(store: TenantStore, connection: Connection): Promise<void> {
  await store.transaction(async (inside) => {
    for (const { generation } of await inside.keyPairs.list(connection.id))
      await inside.keyPairs.remove(connection.id, generation);
  });
}

async function newKeyPair(
  store: TenantStore,
  { sealer, generateKeys }: KeyMaker,
  connection: Connection,
  generation: number,
): Promise<StoredKeyPair> {
  const { certificate, privateKey } = await createKeyPair(connection, await generateKeys());
  const sealedKey = sealer.seal(privateKey, sealingContext(store, connection));
  return { generation, certificate, sealedKey };
}

function sealingContext(store: TenantStore, connection: Connection): string {
  return `${store.tenantId}/${connection.id}/key-pair`;
}

/** A key with a self-signed certificate: providers pin it, and no one follows a chain. */
async function createKeyPair(
  { key }: Connection,
  keys: webcrypto.CryptoKeyPair,
): Promise<Pick<KeyPair, "certificate" | "privateKey">> {
  const now = Date.now();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    // Positive and with at least 64 random bits (RFC 5280 §4.1.2.2).
    serialNumber: `01${randomBytes(15).toString("hex")}`,
    name: `CN=${key}`,
    keys,
    signingAlgorithm: rsaAlgorithm,
    notBefore: new Date(now - 86_400_000),
    notAfter: new Date(now + years * 365 * 86_400_000),
  });
  return {
    certificate: Buffer.from(certificate.rawData).toString("base64"),
    privateKey: await privateKeyPem(keys),
  };
}
