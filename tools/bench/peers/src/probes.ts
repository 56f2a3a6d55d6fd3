import type { Contender } from "./contenders.ts";
import { bodyOf, filtered, get, patchOf, write } from "./operations.ts";
import { essence, loginName, newcomer, person } from "./people.ts";

/**
 * Requests that show whether a program's answers are right, besides the measured ones. Each names the operation whose figure it
 * marks, and returns what is wrong; null if nothing is.
 */
export interface Probe {
  operation: string;
  find(contender: Contender): Promise<string | null>;
}

interface List {
  totalResults?: number;
  startIndex?: number;
  Resources?: { id: string }[];
}
type Resource = Record<string, unknown>;

const listOf = async (contender: Contender, path: string) =>
  bodyOf<List>(await contender.client.send(get(contender, path)), 200);

export const probes: readonly Probe[] = [
  {
    operation: "lookup",
    async find(contender) {
      const list = await listOf(contender, filtered(`userName eq "${loginName(5).toUpperCase()}"`));
      const total = typeof list === "string" ? list : list.totalResults;
      return total === 1 ? null : "userName is compared with regard to case (RFC 7643 §4.1.1: it is not)";
    },
  },
  {
    operation: "lookup",
    async find(contender) {
      const list = await listOf(contender, filtered('userName eq "absent@acme.example"'));
      if (typeof list === "string") return `a lookup of an unknown user ${list}`;
      return list.totalResults === 0 ? null : "a lookup of an unknown user finds one";
    },
  },
  {
    operation: "lookup",
    async find(contender) {
      const list = await listOf(contender, filtered('externalId eq "okta-7"'));
      if (typeof list === "string") return `a lookup by externalId ${list}`;
      return list.totalResults === 1 ? null : "a lookup by externalId does not find the user";
    },
  },
  {
    operation: "get",
    async find(contender) {
      const user = bodyOf<Resource>(
        await contender.client.send(get(contender, `/Users/${contender.userIds[8]}`)),
        200,
      );
      if (typeof user === "string") return user;
      return essence(user) === essence(person(9)) ? null : "attributes that were sent are missing or changed";
    },
  },
  {
    operation: "get",
    async find(contender) {
      const answer = await contender.client.send(
        get(contender, "/Users/00000000-0000-4000-8000-000000000000"),
      );
      if (answer.status !== 404) return `an unknown id is answered with ${answer.status}`;
      const error = bodyOf<{ status?: unknown }>(answer, 404);
      const hasStatus = typeof error !== "string" && String(error.status) === "404";
      return hasStatus ? null : "errors do not say their status in the body (RFC 7644 §3.12)";
    },
  },
  {
    operation: "page",
    async find(contender) {
      const [whole, part] = [
        await listOf(contender, "/Users?startIndex=1&count=30"),
        await listOf(contender, "/Users?startIndex=11&count=20"),
      ];
      if (typeof whole === "string") return whole;
      if (typeof part === "string") return part;
      const ids = ({ Resources = [] }: List) => Resources.map(({ id }) => id);
      const wanted = ids(whole).slice(10);
      const isRight = wanted.length === 20 && JSON.stringify(ids(part)) === JSON.stringify(wanted);
      return isRight ? null : "a page that begins at 11 does not go on where the first ten end";
    },
  },
  {
    operation: "create",
    async find(contender) {
      const name = "Twice@acme.example";
      const send = async (userName: string) =>
        (await contender.client.send(write(contender, "POST", "/Users", newcomer(userName)))).status;
      const [first, second, third] = [await send(name), await send(name), await send(name.toLowerCase())];
      if (first !== 201) return `a name with upper case is answered with ${first}`;
      if (second !== 409) return `the same userName again is answered with ${second} (RFC 7644 §3.3: 409)`;
      return third === 409 ? null : `the same userName in lower case is answered with ${third}`;
    },
  },
  {
    operation: "create",
    async find(contender) {
      const answer = await contender.client.send(
        write(contender, "POST", "/Users", newcomer("located@acme.example")),
      );
      return answer.headers.location
        ? null
        : "a created user's answer has no Location header (RFC 7644 §3.3)";
    },
  },
  {
    operation: "deactivate",
    async find(contender) {
      const path = `/Users/${contender.userIds[10]}`;
      const send = (operation: unknown) =>
        contender.client.send(write(contender, "PATCH", path, patchOf(operation)));
      const { status } = await send({ op: "replace", path: "active", value: false });
      if (status >= 300) return `a PATCH by path is answered with ${status}`;
      const user = bodyOf<Resource>(await contender.client.send(get(contender, path)), 200);
      await send({ op: "replace", path: "active", value: true });
      return typeof user !== "string" && user.active === false ? null : "a PATCH by path changes nothing";
    },
  },
  {
    operation: "deactivate",
    async find(contender) {
      const path = `/Users/${contender.userIds[11]}`;
      const { status } = await contender.client.send(
        write(contender, "PATCH", path, patchOf({ op: "replace", path: "noSuchAttribute", value: 1 })),
      );
      return status === 400 ? null : `an unknown attribute is answered with ${status} (RFC 7644 §3.5.2: 400)`;
    },
  },
  {
    operation: "contains",
    async find(contender) {
      const list = await listOf(contender, filtered('displayName co "ADA NUMBER 12"'));
      if (typeof list === "string") return null; // The measured request says so.
      return list.totalResults ? null : "displayName is compared with regard to case";
    },
  },
  {
    operation: "group-one",
    async find(contender) {
      const { id } = contender.group;
      const group = bodyOf<{ members?: unknown[] }>(
        await contender.client.send(get(contender, `/Groups/${id}`)),
        200,
      );
      if (typeof group === "string") return `reading the group ${group}`;
      const sent = group.members?.length ?? 0;
      const wanted = contender.group.members;
      return sent >= wanted ? null : `reading the group shows ${sent} of its ${wanted} members`;
    },
  },
];
