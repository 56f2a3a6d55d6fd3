import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { handOverInvited } from "../../src/directory/invitations.ts";
import { inviteOwner } from "../../src/directory/local-accounts.ts";
import { noMails } from "../../src/directory/mails.ts";
import { hotp, newAuthenticatorKey, timeStepOf } from "../../src/directory/one-time-codes.ts";
import { provisionUser } from "../../src/directory/provisioning.ts";
import {
  addPasskey,
  enrolAtSignIn,
  removeAuthenticator,
  removePasskey,
  renewRecoveryCodes,
  resetSecondSteps,
  secondStepNeed,
  signInWithPasskey,
} from "../../src/directory/second-steps.ts";
import { ConflictError, RefusedError } from "../../src/errors.ts";
import type { User } from "../../src/model.ts";
import { sealer } from "../../src/store/secrets.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createLocalAccount, createTestTenant, provisioned, type TestTenant } from "../helpers/people.ts";
import { giveAuthenticator } from "../helpers/second-steps.ts";

const none = { authenticatorAt: null, passkeys: 0, recoveryCodes: 0 };

describe("second steps of an account", () => {
  onEachDatabase((use) => {
    const seal = sealer(randomBytes(32));
    let acme: TestTenant;
    beforeEach(async () => {
      acme = await createTestTenant(use().database);
    });

    /** An app, recovery codes and a passkey. */
    async function giveAll(user: User): Promise<string> {
      const id = `passkey-${user.id}`;
      await giveAuthenticator(acme.store, seal, user);
      await acme.store.passkeys.add({
        id,
        userId: user.id,
        name: "Key",
        publicKey: "x",
        counter: 5,
        transports: [],
      });
      return id;
    }
    const signInOf = ({ id, accessEpoch }: User) => ({
      userId: id,
      accessEpoch,
      isNewBrowser: false,
      requestId: null,
      mails: noMails,
    });

    it("are not replaced at a sign-in by a request that raced with their set-up", async () => {
      await acme.store.sessions.changePolicy({ secondStep: "everyone" });
      const user = await createLocalAccount(acme.store, "raced@acme.example");
      await giveAuthenticator(acme.store, seal, user);
      const sealedBefore = await acme.store.secondSteps.authenticatorKey(user.id);
      const key = newAuthenticatorKey();
      const added = { key, code: hotp(key, timeStepOf(Date.now())) };
      await assert.rejects(enrolAtSignIn(acme.store, seal, signInOf(user), added), RefusedError);
      assert.equal(await acme.store.secondSteps.authenticatorKey(user.id), sealedBefore);
    });

    it("are not waited for by recovery codes: the first one comes with new codes", async () => {
      const user = await createLocalAccount(acme.store, "planted@acme.example");
      const renew = () =>
        acme.store.transaction((inside) =>
          renewRecoveryCodes(inside, user, { requestId: null, mails: noMails }),
        );
      await assert.rejects(renew(), ConflictError);
      await acme.store.secondSteps.setRecoveryCodes(user.id, ["planted"]);
      const { recoveryCodes } = await giveAuthenticator(acme.store, seal, user);
      assert.equal(recoveryCodes.length, 10);
      assert.equal(await acme.store.secondSteps.consumeRecoveryCode(user.id, "planted"), false);
      assert.equal((await renew()).length, 10);
    });

    it("are not changed by a request that began before a reset, a block or a new password", async () => {
      const user = await createLocalAccount(acme.store, "stale@acme.example");
      const id = await giveAll(user);
      const occasion = { requestId: null, mails: noMails };
      const passkey = { id: "late", name: "Late", publicKey: "x", counter: 0, transports: [] };
      await acme.store.transaction((inside) => resetSecondSteps(inside, noMails, user));
      const late: ((inside: TestTenant["store"]) => Promise<unknown>)[] = [
        (inside) => addPasskey(inside, user, passkey, occasion),
        (inside) => renewRecoveryCodes(inside, user, occasion),
        (inside) => removePasskey(inside, user, id, occasion),
        (inside) => removeAuthenticator(inside, user, occasion),
      ];
      for (const change of late)
        await assert.rejects(acme.store.transaction(change), { name: "ConflictError", code: "stale" });
      await assert.rejects(giveAuthenticator(acme.store, seal, user), ConflictError);
      assert.deepEqual(await acme.store.secondSteps.ofUser(user.id), none);
    });

    it("let no one past single sign-on that their domain enforces, unless they are an owner", async () => {
      const user = await createLocalAccount(acme.store, "bound@acme.example");
      const id = await giveAll(user);
      const connection = await acme.connection();
      await acme.store.domains.add("acme.example", "token");
      await acme.store.domains.markVerified("acme.example");
      await acme.store.domains.enforce("acme.example", connection.id);
      await assert.rejects(signInWithPasskey(acme.store, signInOf(user), { id, counter: 9 }), {
        name: "RefusedError",
        reason: "single-sign-on-required",
      });
    });

    it("accept a passkey's counter only if it grew, also from two replicas at the same time", async () => {
      const user = await createLocalAccount(acme.store, "counted@acme.example");
      const id = await giveAll(user);
      for (const counter of [0, 4, 5])
        await assert.rejects(signInWithPasskey(acme.store, signInOf(user), { id, counter }), RefusedError);
      const both = await Promise.all([
        acme.store.passkeys.recordUse(id, 6),
        acme.store.passkeys.recordUse(id, 6),
      ]);
      assert.deepEqual(both.sort(), [false, true]);
    });

    it("end when the operator gives an account of a provider to its holder: the former holder set them up", async () => {
      const user = await provisionUser(acme.store, acme.writer, provisioned("taken@acme.example"));
      await giveAll(user);
      await inviteOwner(acme.store, user.loginName);
      assert.deepEqual(await acme.store.secondSteps.ofUser(user.id), none);
    });

    it("stay when the operator sends a link to a local account: the link proves an address only", async () => {
      const user = await createLocalAccount(acme.store, "kept@acme.example", "owner");
      await giveAll(user);
      await inviteOwner(acme.store, user.loginName);
      assert.equal(await secondStepNeed(acme.store, user.id), "ask");
    });

    it("end when a provisioning client takes over a person who was invited", async () => {
      const user = await createLocalAccount(acme.store, "invited@acme.example");
      await giveAll(user);
      await acme.store.transaction((inside) => handOverInvited(inside, { ...user, origin: "invited" }));
      assert.deepEqual(await acme.store.secondSteps.ofUser(user.id), none);
    });

    it("are required by role, as it is at the moment of the sign-in", async () => {
      const user = await createLocalAccount(acme.store, "promoted@acme.example");
      const needs = async () => await secondStepNeed(acme.store, user.id);
      await acme.store.sessions.changePolicy({ secondStep: "admins" });
      assert.equal(await needs(), "none");
      await acme.store.roles.grant(user.id, "admin");
      assert.equal(await needs(), "enrol");
      await giveAuthenticator(acme.store, seal, user);
      assert.equal(await needs(), "ask");
      await acme.store.sessions.changePolicy({ secondStep: "none" });
      assert.equal(await needs(), "ask", "a person who has one is always asked");
    });
  });
});
