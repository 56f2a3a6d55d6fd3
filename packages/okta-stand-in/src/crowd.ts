import { pushGroups } from "./groups.ts";
import { assign } from "./people.ts";
import type { OrgAdmin } from "./provisioner.ts";
import { newId, type OrgApp } from "./state.ts";

const firstNames =
  "Alma Bruno Chiara Dmitri Elif Farid Greta Hiro Ines Jamal Kaja Luca Mina Noor Otis Priya".split(" ");
const lastNames =
  "Abe Berg Costa Diaz Eriksen Fox Gupta Haas Ito Jung Khan Lopez Meyer Novak Okoye Park".split(" ");
const membersOfEach = 50;

/**
 * Adds many people and groups, assigns the people to an app and pushes the groups. It shows how an application copes with
 * a large customer. Resolves when everything has been pushed; the app reports the progress.
 */
export async function addCrowd(org: OrgAdmin, app: OrgApp, people: number, groups: number): Promise<void> {
  const { state } = org.store;
  const from = Object.keys(state.people).length + 1;
  const ids: string[] = [];
  for (let number = from; number < from + people; number++) {
    const firstName = pick(firstNames, number);
    const lastName = pick(lastNames, Math.floor(number / 16));
    const login = `${firstName}.${lastName}.${number}@crowd.example`.toLowerCase();
    const id = newId("00u");
    state.people[id] = { id, login, email: login, firstName, middleName: "", lastName, status: "ACTIVE" };
    ids.push(id);
  }
  const firstGroup = Object.keys(state.groups).length + 1;
  const groupIds: string[] = [];
  for (let number = firstGroup; number < firstGroup + groups; number++) {
    const id = newId("00g");
    const memberIds = Array.from({ length: Math.min(membersOfEach, ids.length) }, (_, member) =>
      String(ids[(number * membersOfEach + member) % ids.length]),
    );
    state.groups[id] = { id, name: `Crowd ${number}`, memberIds };
    groupIds.push(id);
  }
  // Both go into one queue, so the application knows the people before it gets the groups.
  await Promise.all([assign(org, app, ids), pushGroups(org, app, groupIds)]);
}

function pick(names: readonly string[], number: number): string {
  return names[number % names.length] ?? "";
}
