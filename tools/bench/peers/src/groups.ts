import type { Contender } from "./contenders.ts";
import { bodyOf, get, patchOf, write } from "./operations.ts";
import type { Sizes } from "./options.ts";

/** The times of one program's changes, in milliseconds, and what is wrong. */
export interface Changes {
  times: number[];
  wrong: string[];
  /** Why nothing was measured. */
  failure: string | null;
}

/** Adds members to the large group in one PATCH, once more than `changes`: the first one warms up. */
export async function changeGroup(contender: Contender, count: number, sizes: Sizes): Promise<Changes> {
  const found: Changes = { times: [], wrong: [], failure: null };
  const began = performance.now();
  for (let change = 0; change <= sizes.changes; change++) {
    const users = contender.group.outsiders.splice(0, count);
    const path = `/Groups/${contender.group.id}`;
    const body = patchOf({ op: "add", path: "members", value: users.map((value) => ({ value })) });
    const answer = await contender.client.send(write(contender, "PATCH", path, body));
    const group = bodyOf(answer, 200, 204);
    if (typeof group === "string") return { ...found, failure: group };
    if (change > 0) found.times.push(answer.ms);
    if (change === 0 && !(await isMember(contender, users.at(-1) ?? "")))
      found.wrong.push("the added members are not in the group");
    if (contender.group.isRestored) {
      const remove = users.map((user) => ({ op: "remove", path: `members[value eq "${user}"]` }));
      const { status } = await contender.client.send(write(contender, "PATCH", path, patchOf(...remove)));
      if (status >= 300)
        return { ...found, failure: `removing the members again is answered with ${status}` };
      contender.group.outsiders.push(...users);
    }
    if (change > 0 && performance.now() - began > sizes.changeSeconds * 1000) break;
  }
  return found;
}

/** Whether a removal as Okta sends it takes effect. */
export async function findRemoval(contender: Contender): Promise<string | null> {
  const [user = ""] = contender.userIds;
  const path = `/Groups/${contender.group.id}`;
  const remove = patchOf({ op: "remove", path: `members[value eq "${user}"]` });
  const { status } = await contender.client.send(write(contender, "PATCH", path, remove));
  if (status >= 300) return `removing a member by \`members[value eq …]\` is answered with ${status}`;
  const isStill = await isMember(contender, user);
  return isStill
    ? `removing a member by \`members[value eq …]\` is answered with ${status} and changes nothing`
    : null;
}

async function isMember(contender: Contender, user: string): Promise<boolean> {
  const { id } = contender.group;
  if (contender.name === "saml-jackson") {
    const { text } = await contender.client.send({ method: "GET", path: `/is-member/${id}/${user}` });
    return text === "true";
  }
  const group = bodyOf<{ members?: { value: string }[] }>(
    await contender.client.send(get(contender, `/Groups/${id}`)),
    200,
  );
  return typeof group !== "string" && (group.members ?? []).some(({ value }) => value === user);
}
