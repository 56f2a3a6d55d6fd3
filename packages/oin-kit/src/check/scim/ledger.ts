import { randomInt } from "node:crypto";
import { shown } from "../web.ts";
import type { CheckScimAnswer, CheckScimClient } from "./client.ts";
import { at, listAt, sameText, textAt } from "./json.ts";
import { inLanes } from "./lanes.ts";

export type Kind = "Users" | "Groups";
const nameOf = { Users: "userName", Groups: "displayName" } as const;
const resourceOf = { Users: "user", Groups: "group" } as const;

/** A resource that the check created and could not remove. */
export interface Leftover {
  kind: "user" | "group";
  id: string;
  why: string;
}

/**
 * Records what the check creates on the server, so that it can always clean up. It records a name before it creates
 * anything under it, and deletes only resources that it saw with such a name. A server that ignores filters, or responds
 * with another person's id, loses no data.
 */
export class Ledger {
  readonly #names: Record<Kind, Set<string>> = { Users: new Set(), Groups: new Set() };
  readonly #ids: Record<Kind, Set<string>> = { Users: new Set(), Groups: new Set() };
  readonly #gone = new Set<string>();
  /** Paths of resources whose POST was answered once, so that no other can have the name. */
  readonly #settled = new Set<string>();

  expect(kind: Kind, name: string): void {
    this.#names[kind].add(name);
  }

  /** The id in the response to a POST; null if there is none, or if the resource does not have one of our names. */
  async created(
    client: CheckScimClient,
    kind: Kind,
    { json, status }: CheckScimAnswer,
  ): Promise<string | null> {
    const id = status >= 200 && status < 300 ? idOf(json) : null;
    if (id === null) return null;
    const isOurs = this.#isOurs(kind, json) || this.#isOurs(kind, (await client.get(pathOf(kind, id))).json);
    if (isOurs) this.#ids[kind].add(id);
    return isOurs ? id : null;
  }

  /** Records a resource that the check has deleted, so that cleaning up skips it. */
  gone(kind: Kind, id: string): void {
    this.#gone.add(pathOf(kind, id));
  }

  /** Records that one POST created the only resource of that name. Cleaning up then costs one request instead of three. */
  settle(kind: Kind, name: string, id: string): void {
    this.#names[kind].delete(name);
    this.#settled.add(pathOf(kind, id));
  }

  /** Removes everything, groups first. Continues after a failure, and returns what is left. */
  async cleanUp(client: CheckScimClient): Promise<Leftover[]> {
    const left: Leftover[] = [];
    for (const kind of ["Groups", "Users"] as const) {
      const removed = await inLanes([...this.#ids[kind]], (id) => this.#remove(client, kind, id));
      left.push(...removed.flat());
      left.push(...(await this.#removeStrays(client, kind)));
    }
    return left;
  }

  /** A server that answers no more is asked once, not for each name: a timeout takes a minute. */
  async #removeStrays(client: CheckScimClient, kind: Kind): Promise<Leftover[]> {
    const left: Leftover[] = [];
    for (const name of this.#names[kind]) {
      try {
        for (const id of await this.#strays(client, kind, name))
          left.push(...(await this.#remove(client, kind, id)));
      } catch (error) {
        const why = `others may be left, with names like ${name}: ${error instanceof Error ? error.message : error}`;
        return [...left, { kind: resourceOf[kind], id: "unknown", why }];
      }
    }
    return left;
  }

  #isOurs(kind: Kind, resource: unknown): boolean {
    const shownName = textAt(resource, nameOf[kind]);
    return [...this.#names[kind]].some((name) => sameText(name, shownName));
  }

  /** Finds resources with our name whose id is unknown, after a repeated or broken POST. */
  async #strays(client: CheckScimClient, kind: Kind, name: string): Promise<string[]> {
    const answer = await client.find(kind, `${nameOf[kind]} eq ${JSON.stringify(name)}`);
    return listAt(answer.json, "Resources")
      .filter((resource) => sameText(textAt(resource, nameOf[kind]), name))
      .flatMap((resource) => idOf(resource) ?? []);
  }

  async #remove(client: CheckScimClient, kind: Kind, id: string): Promise<Leftover[]> {
    const path = pathOf(kind, id);
    if (this.#gone.has(path)) return [];
    this.#gone.add(path);
    const left = (why: string): Leftover[] => [{ kind: resourceOf[kind], id, why }];
    try {
      const deletion = await client.send("DELETE", path);
      if (this.#settled.has(path) && deletion.status < 300) return [];
      const after = await client.get(path);
      if (after.status === 404 || after.status === 410) return [];
      if (kind === "Groups") return left(shown(deletion));
      return left(
        `${shown(deletion)}; ${(await deactivate(client, path, after.json)) ? "deactivated" : "still active"}`,
      );
    } catch (error) {
      return left(error instanceof Error ? error.message : String(error));
    }
  }
}

/** The id of a resource. Refuses "." and "..", which would change the path. */
function idOf(resource: unknown): string | null {
  const id = textAt(resource, "id");
  return id === "." || id === ".." ? null : id;
}

/** The path of a resource below the base URL. */
export function pathOf(kind: Kind, id: string): string {
  return `/${kind}/${encodeURIComponent(id)}`;
}

/** Deactivates a person on a server without DELETE. Returns whether that worked. */
async function deactivate(client: CheckScimClient, path: string, user: unknown): Promise<boolean> {
  const patched = await client.patch(path, { op: "replace", value: { active: false } });
  if (patched.status >= 300 && typeof user === "object")
    await client.send("PUT", path, { ...user, active: false });
  return at((await client.get(path)).json, "active") === false;
}

/** Random names, in mixed case like those of Okta's suite. */
export interface TestName {
  givenName: string;
  familyName: string;
  userName: string;
}

export function testName(): TestName {
  const letters = Array.from({ length: 8 }, () => String.fromCharCode(97 + randomInt(26))).join("");
  const givenName = `Oincheck${randomInt(100, 1000)}`;
  const familyName = `${letters[0]?.toUpperCase()}${letters.slice(1)}${randomInt(100, 1000)}`;
  return { givenName, familyName, userName: `${givenName}${familyName}@example.com` };
}

export function testGroupName(): string {
  return `Oincheck group ${randomInt(1e6, 1e7)}`;
}
