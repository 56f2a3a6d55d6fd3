import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { onEachDatabase } from "../helpers/databases.ts";
import { newUser } from "../helpers/people.ts";
import { oktaUser, type ScimBody } from "../helpers/scim.ts";
import { type ScimTenant, useScim } from "../helpers/scim-site.ts";

/** The benchmark imports 100,000. */
const people = 5_000;
const pageSize = 100;

describe("an import", () => {
  onEachDatabase((use) => {
    const site = useScim(use);
    let acme: ScimTenant;
    /** Ids in the order of their creation. */
    let there: string[];

    before(async function () {
      this.timeout(180_000);
      acme = await site().tenant();
      const sourceId = acme.writer.source.id;
      there = await acme.store.transaction(async (store) => {
        const ids: string[] = [];
        for (let index = 0; index < people; index++)
          ids.push((await store.users.create(newUser(`user${index}@acme.example`, { sourceId }))).id);
        return ids;
      });
    });

    /** Reads page after page until the last one, and runs `change` at the same time as each request. */
    async function importAll(
      next: (page: ScimBody | null, read: number) => string | null,
      change: (page: number) => Promise<void>,
    ): Promise<string[]> {
      const read: string[] = [];
      for (let query = next(null, 0), page = 0; query !== null; page++) {
        const [{ status, body }] = await Promise.all([acme.client.get(`/Users?${query}`), change(page)]);
        assert.equal(status, 200);
        assert.equal(body.itemsPerPage, body.Resources.length);
        read.push(...(body.Resources as ScimBody[]).map(({ id }) => id as string));
        query = next(body, read.length);
      }
      return read;
    }

    /** Asserts that each of `ids` was read exactly once. */
    function assertComplete(read: string[], ids: Iterable<string>): void {
      const seen = new Set(read);
      assert.equal(seen.size, read.length, "no user comes twice");
      assert.deepEqual(
        [...ids].filter((id) => !seen.has(id)),
        [],
        "no user is missing",
      );
    }

    const at = (index: number) => there[((index % people) + people) % people] as string;
    const create = async () => {
      const { status } = await acme.client.send("POST", "/Users", oktaUser(`${randomUUID()}@acme.example`));
      assert.equal(status, 201);
    };
    const setActive = async (index: number, active: boolean) => {
      const { status } = await acme.client.patch(`/Users/${at(index)}`, { op: "replace", value: { active } });
      assert.equal(status, 200);
    };
    const byIndex = (page: ScimBody | null, read: number) =>
      page && read >= page.totalResults ? null : `startIndex=${read + 1}&count=${pageSize}`;
    const byCursor = (page: ScimBody | null) =>
      page && !page.nextCursor ? null : `count=${pageSize}&cursor=${page?.nextCursor ?? ""}`;

    it("by index reads every user exactly once while users are created, deactivated and renamed", async () => {
      const read = await importAll(byIndex, async (page) => {
        await Promise.all([create(), setActive(page * 70, false), setActive(-page * 30, false)]);
        const rename = { op: "replace", value: { userName: `renamed${page}@acme.example` } };
        assert.equal((await acme.client.patch(`/Users/${at(page * 90 + 1)}`, rename)).status, 200);
      });
      assertComplete(read, there);
      assert.ok(read.length > people, "who came meanwhile came last");
    });

    it("by cursor does so even while users are deleted before and after the cursor", async () => {
      const gone = new Set<string>();
      const remove = async (index: number) => {
        const id = at(index);
        gone.add(id);
        assert.ok([204, 404].includes((await acme.client.send("DELETE", `/Users/${id}`)).status));
      };
      const read = await importAll(byCursor, async (page) => {
        await Promise.all([
          create(),
          remove(page * 50),
          remove(page * pageSize + 99),
          remove(-page * 20 - 1),
        ]);
      });
      assert.ok(gone.size > 100);
      assertComplete(
        read,
        there.filter((id) => !gone.has(id)),
      );
    });

    it("by index after deletions finds every user at the right position", async () => {
      const left = (await acme.store.users.page(0, 2 * people)).map(({ id }) => id);
      assert.ok(left.length < people);
      assert.deepEqual(await importAll(byIndex, () => Promise.resolve()), left);
    });
  });
});
