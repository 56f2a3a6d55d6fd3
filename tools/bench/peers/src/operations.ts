import { cycle, spread } from "../../src/statistics.ts";
import type { Contender } from "./contenders.ts";
import type { Answer, Call } from "./http.ts";
import { loginName, newcomer } from "./people.ts";

/** A request, and what is wrong with the answer to it; null if nothing is. */
export interface Asked {
  call: Call;
  check(answer: Answer): string | null;
}

/** A request that every program gets, many at a time. */
export interface Operation {
  key: string;
  title: string;
  /** Makes the requests for one program. Each call returns the next one. */
  requestsFor(contender: Contender): () => Asked;
}

export const scimJson = "application/scim+json";
export const patchSchema = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

interface List {
  totalResults?: number;
  Resources?: { id?: string }[];
}

export const get = (contender: Contender, path: string): Call => ({
  method: "GET",
  path: `${contender.scim}${path}`,
  headers: contender.headers(),
});

export const write = (contender: Contender, method: "POST" | "PATCH", path: string, body: unknown): Call => ({
  method,
  path: `${contender.scim}${path}`,
  headers: { ...contender.headers(), "content-type": scimJson },
  body: JSON.stringify(body),
});

export const filtered = (filter: string) => `/Users?filter=${encodeURIComponent(filter)}`;

export const patchOf = (...operations: unknown[]) => ({ schemas: [patchSchema], Operations: operations });

/** The body of a success, or a text that says how the request failed. */
export function bodyOf<T>(answer: Answer, ...statuses: number[]): T | string {
  if (answer.status === 0) return `does not answer: ${answer.text}`;
  if (!statuses.includes(answer.status)) return `answers ${answer.status}${detailOf(answer)}`;
  try {
    return (answer.text === "" ? {} : JSON.parse(answer.text)) as T;
  } catch {
    return "answers with a text that is not JSON";
  }
}

function detailOf({ text }: Answer): string {
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown };
    return typeof detail === "string" ? ` (“${detail.slice(0, 90)}”)` : "";
  } catch {
    return "";
  }
}

function checkTotal(answer: Answer, total: number): string | null {
  const list = bodyOf<List>(answer, 200);
  if (typeof list === "string") return list;
  const { totalResults, Resources = [] } = list;
  if (totalResults !== total) return `says totalResults ${totalResults} instead of ${total}`;
  return Resources.length === Math.min(total, 100) ? null : `sends ${Resources.length} of ${total} users`;
}

/** How many numbers from 1 to `last` begin with the digits of `start`. */
export function numbersBeginning(start: number, last: number): number {
  let count = 0;
  for (let power = 1; start * power <= last; power *= 10)
    count += Math.min(last, (start + 1) * power - 1) - start * power + 1;
  return count;
}

const randomUpTo = (most: number) => 1 + Math.floor(Math.random() * most);

export const operations: readonly Operation[] = [
  {
    key: "lookup",
    title: "look a user up: `filter=userName eq`",
    requestsFor(contender) {
      const next = cycle(spread([...contender.userIds.keys()], 5_000));
      return () => {
        const index = next();
        return {
          call: get(contender, filtered(`userName eq "${loginName(index + 1)}"`)),
          check(answer) {
            const list = bodyOf<List>(answer, 200);
            if (typeof list === "string") return list;
            const [found] = list.Resources ?? [];
            return list.totalResults === 1 && found?.id === contender.userIds[index]
              ? null
              : "does not find the user";
          },
        };
      };
    },
  },
  {
    key: "get",
    title: "read a user: `GET /Users/{id}`",
    requestsFor(contender) {
      const next = cycle(spread([...contender.userIds.keys()], 5_000));
      return () => {
        const index = next();
        return {
          call: get(contender, `/Users/${contender.userIds[index]}`),
          check(answer) {
            const user = bodyOf<{ userName?: string }>(answer, 200);
            if (typeof user === "string") return user;
            return user.userName === loginName(index + 1) ? null : "sends another user";
          },
        };
      };
    },
  },
  {
    key: "page",
    title: "read a page of 100 users",
    requestsFor(contender) {
      const most = contender.userIds.length;
      return () => ({
        call: get(contender, `/Users?startIndex=${100 + randomUpTo(Math.max(1, most - 200))}&count=100`),
        check(answer) {
          const list = bodyOf<List>(answer, 200);
          if (typeof list === "string") return list;
          const sent = list.Resources?.length ?? 0;
          if (sent !== 100) return `sends ${sent} of 100 users`;
          const total = list.totalResults ?? 0;
          return total >= most ? null : `says totalResults ${total} instead of ${most}`;
        },
      });
    },
  },
  {
    key: "create",
    title: "create a user: `POST /Users`",
    requestsFor(contender) {
      let created = 0;
      return () => {
        const userName = `newcomer${process.pid}-${created++}@acme.example`;
        return {
          call: write(contender, "POST", "/Users", newcomer(userName)),
          check(answer) {
            const user = bodyOf<{ id?: string; userName?: string }>(answer, 201);
            if (typeof user === "string") return user;
            return user.id && user.userName === userName ? null : "sends another user";
          },
        };
      };
    },
  },
  {
    key: "deactivate",
    title: "deactivate or activate a user: `PATCH /Users/{id}`",
    requestsFor(contender) {
      const next = cycle(contender.userIds.slice(0, 5_000));
      const inactive = new Set<string>();
      return () => {
        const id = next();
        const active = inactive.delete(id);
        if (!active) inactive.add(id);
        return {
          call: write(contender, "PATCH", `/Users/${id}`, patchOf({ op: "replace", value: { active } })),
          check(answer) {
            const user = bodyOf<{ active?: boolean }>(answer, 200, 204);
            if (typeof user === "string") return user;
            return answer.status === 204 || user.active === active ? null : "does not change `active`";
          },
        };
      };
    },
  },
  {
    key: "contains",
    title: "filter: `displayName co`",
    requestsFor(contender) {
      const most = contender.userIds.length;
      return () => {
        const start = Math.floor(most / 25) + randomUpTo(Math.floor(most / 20));
        return {
          call: get(contender, filtered(`displayName co "Number ${start}"`)),
          check: (answer) => checkTotal(answer, numbersBeginning(start, most)),
        };
      };
    },
  },
  {
    key: "combined",
    title: "filter: `(… or …) and …`",
    requestsFor(contender) {
      const most = contender.userIds.length - 1;
      return () => {
        const number = randomUpTo(most);
        const either = `userName eq "${loginName(number)}" or userName eq "${loginName(number + 1)}"`;
        return {
          call: get(contender, filtered(`(${either}) and displayName sw "Ada"`)),
          check: (answer) => checkTotal(answer, 2),
        };
      };
    },
  },
];
